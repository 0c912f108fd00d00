"""Half a surrogate pair and NUL in some rows of D365: they affect only their own text."""

from tests.integration.d365_sandbox.conftest import sign_in
from tests.integration.status_sync.conftest import World

ODD, SHOWN = "cut \ud83d and \x00 here", "cut � and � here"


async def test_odd_texts_in_some_rows_delay_no_dealer_and_no_list(world: World) -> None:
    odata = await sign_in(world.d365)
    for method, path, body in (
        ("PATCH", "/CustomersV3(dataAreaId='usmf',CustomerAccount='US-003')", {"OrganizationName": ODD}),
        (
            "POST",
            "/CaseCategoryHierarchyDetails",
            {"dataAreaId": "usmf", "CategoryType": "Service", "CaseCategory": "Odd", "Description": ODD},
        ),
        ("POST", "/CasePriorities", {"dataAreaId": "usmf", "Priority": "Odd", "Description": ODD}),
    ):
        assert (await odata.call(method, path, json=body)).status < 300
    case = await world.submit()
    odd = await world.create(case, Description=ODD, ContactName=ODD, CreatedByUser=ODD)
    fine = await world.create(None, CustomerAccount="US-002", Description="fine")
    for step in ("dealers", "categories", "priorities", "cases"):
        await world.step(step)

    rows = {row["case_id"]: row["d365_description"] for row in await world.rows()}
    assert (rows[odd], rows[fine]) == (SHOWN, "fine")
    assert {event["case_id"] for event in await world.events()} >= {odd, fine}
    async with world.database.connect() as connection:
        for query in (
            "SELECT name FROM status_sync.dealers WHERE dealer = 'usmf-us-003'",
            "SELECT description FROM status_sync.categories WHERE category = 'Odd'",
            "SELECT description FROM status_sync.priorities WHERE priority = 'Odd'",
        ):
            assert await connection.fetchval(query) == SHOWN
        assert await connection.fetchval("SELECT count(*) FROM status_sync.dealers WHERE active") == 10

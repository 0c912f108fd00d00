"""D365 shortened a text when it stored the case: the dealer sees the original until somebody changes it there."""

from typing import Any

from tests.integration.status_sync.conftest import Submitted, World

OWN = "Loader's pump leaks at the flange"
CUT = "Loader's pump leaks"

DOCUMENT = """
INSERT INTO d365_sync.documents (web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account,
    content, created_by, submitted_at, read_back_first, state, due_at)
VALUES ($1, 1, $2, 'usmf-us-001', 'usmf', 'US-001', '{"category": "Breakdown"}', 'dora', now(), false, 'delivering',
    now())
"""


async def description(world: World, case: Submitted) -> Any:
    await world.step("cases")
    return (await world.row(case.web_case_id))["d365_description"]


async def test_a_dealer_keeps_its_own_text_until_somebody_changes_it_in_d365(world: World) -> None:
    case = await world.submit()
    async with world.database.connect() as connection:
        await connection.execute(
            "UPDATE case_api.cases SET description = $2 WHERE web_case_id = $1", case.web_case_id, OWN
        )
        await connection.execute(DOCUMENT, case.web_case_id, case.submission_id)
        case_id = await world.create(case, Description=CUT)

        assert await description(world, case) == OWN  # what D365 stored is not compared yet
        await connection.execute(
            "UPDATE d365_sync.documents SET state = 'delivered', case_id = $2, differences = $3 WHERE web_case_id = $1",
            case.web_case_id, case_id, [{"field": "description", "sent": OWN, "stored": CUT}],
        )  # fmt: skip
        await world.d365.move("usmf", case_id, "InProcess")
        assert await description(world, case) == OWN
        await world.d365.change("usmf", case_id, Description=CUT + ", parts ordered")
        assert await description(world, case) == CUT + ", parts ordered"
        await world.d365.change("usmf", case_id, Description="")
        assert await description(world, case) is None


async def test_a_text_that_d365_has_as_sent_is_followed(world: World) -> None:
    case = await world.submit()
    async with world.database.connect() as connection:
        await connection.execute(DOCUMENT, case.web_case_id, case.submission_id)
        case_id = await world.create(case, Description=OWN)
        await connection.execute("UPDATE d365_sync.documents SET state = 'delivered', case_id = $1", case_id)

        assert await description(world, case) == OWN

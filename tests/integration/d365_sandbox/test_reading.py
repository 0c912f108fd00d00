from pathlib import Path

import pytest

from tests.integration.d365_sandbox.conftest import OData, sign_in
from tests.support.sandbox import Sandbox, started

STATUS = "Microsoft.Dynamics.DataEntities.CaseStatus"


async def test_service_document_and_metadata(odata: OData) -> None:
    service, metadata = await odata.call("GET", ""), await odata.call("GET", "/$metadata")

    assert {item["name"] for item in service.body["value"]} >= {"DealerPortalCases", "CustomersV3"}
    assert metadata.headers["Content-Type"].startswith("application/xml")
    assert '<EntitySet Name="DealerPortalCases"' in metadata.text


async def test_without_cross_company_only_the_default_company_is_there(odata: OData) -> None:
    own = await odata.call("GET", "/CustomersV3")
    other = await odata.call("GET", "/CustomersV3", params={"$filter": "dataAreaId eq 'demf'"})

    assert {row["dataAreaId"] for row in own.body["value"]} == {"usmf"}
    assert (other.status, other.body["value"]) == (200, [])
    assert await odata.found("dataAreaId eq 'DEMF'", "CustomersV3")


async def test_some_customers_are_of_a_group_that_dealers_are_not_in(odata: OData) -> None:
    customers = await odata.found("dataAreaId eq 'usmf'", "CustomersV3")
    dealers = await odata.found("dataAreaId eq 'usmf' and CustomerGroupId eq '30'", "CustomersV3")

    assert (len(customers), len(dealers)) == (5, 4)


async def test_filters_of_every_kind(odata: OData) -> None:
    await odata.create(WebCaseId="WA", Description="It's a 100% pump", Priority="High")
    await odata.create(WebCaseId="WB", Description="valve", CaseStatus="Planned")

    async def ids(text: str) -> list[str]:
        return [
            row["WebCaseId"] for row in await odata.found(f"WebCaseId ne '' and ({text})", **{"$orderby": "WebCaseId"})
        ]

    assert await ids("Description eq '*''S A 100%*'") == ["WA"]
    assert await ids(f"CaseStatus eq {STATUS}'Planned'") == ["WB"]
    assert await ids("WebCaseId eq 'wa' or WebCaseId eq 'WB'") == ["WA", "WB"]
    assert await ids("not (Priority eq 'High')") == ["WB"]
    assert await ids("SysModifiedDateTime gt 2020-01-01T00:00:00Z and SysCreatedDateTime lt 2999-01-01T00:00:00Z") == [
        "WA",
        "WB",
    ]
    assert await ids("SysModifiedDateTime gt 2999-01-01T00:00:00.5Z") == []


async def test_count_select_and_order(odata: OData) -> None:
    params = {"$count": "true", "$select": "Priority", "$orderby": "Priority desc", "$top": "2"}

    reply = await odata.call("GET", "/CasePriorities", params=params)

    assert reply.body["@odata.count"] == 4
    assert [set(row) for row in reply.body["value"]] == [{"@odata.etag", "Priority"}] * 2
    assert [row["Priority"] for row in reply.body["value"]] == ["Normal", "Low"]
    assert "@odata.nextLink" not in reply.body
    assert (await odata.call("GET", "/CasePriorities/$count")).text == "4"


async def test_pages_follow_next_links_over_companies(tmp_path: Path) -> None:
    async with started(tmp_path, max_page_size="4", customers="5") as own:
        odata = await sign_in(own)
        rows, path = (
            [],
            "/CustomersV3?cross-company=true&$orderby=dataAreaId,CustomerAccount&$filter=CustomerAccount ne 'x y'",
        )
        sizes = []
        while path:
            reply = await odata.call("GET", path)
            rows += reply.body["value"]
            sizes.append(len(reply.body["value"]))
            path = reply.body.get("@odata.nextLink", "").removeprefix(f"{own.url}/data")

    assert sizes == [4, 4, 2]
    assert len({(row["dataAreaId"], row["CustomerAccount"]) for row in rows}) == 10


async def test_one_by_key(odata: OData) -> None:
    case = (await odata.create(WebCaseId="W1")).body

    found = await odata.call("GET", f"/DealerPortalCases(dataAreaId='USMF',CaseId='{case['CaseId']}')")
    missing = await odata.call("GET", "/DealerPortalCases(dataAreaId='usmf',CaseId='CASE-999999')")
    hidden = await odata.call("GET", "/CustomersV3(dataAreaId='demf',CustomerAccount='DE-001')")
    shown = await odata.call("GET", "/CustomersV3(dataAreaId='demf',CustomerAccount='DE-001')?cross-company=true")

    assert found.body["WebCaseId"] == "W1"
    assert [reply.status for reply in (found, missing, hidden, shown)] == [200, 404, 404, 200]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/dealerportalcases", 404),
        ("/Nothing", 404),
        ("/DealerPortalCases?$filter=Nothing eq 'x'", 400),
        ("/DealerPortalCases?$select=Nothing", 400),
        ("/DealerPortalCases?$filter=CaseId in ('x')", 400),
        ("/DealerPortalCases?$filter=" + "CaseId eq 'x' or " * 2000 + "CaseId eq 'x'", 404),
    ],
)
async def test_what_d365_does_not_have(odata: OData, path: str, status: int) -> None:
    assert (await odata.call("GET", path)).status == status


async def test_a_long_query_below_the_limit_is_read(odata: OData, d365: Sandbox) -> None:
    await d365.set_up(max_filter_nodes=0)
    wanted = " or ".join(f"WebCaseId eq 'W{number:08d}'" for number in range(350))

    assert await odata.found(wanted) == []

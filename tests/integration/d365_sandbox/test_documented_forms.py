"""Forms that Microsoft's page on OData promises and that third-party clients use."""

import json
import re
from typing import Any

import pytest

from tests.integration.d365_sandbox.conftest import CASE, OData, Reply

CASES_OF_A_CUSTOMER = "/CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')/DealerPortalCases"
BOUNDARY = {"Content-Type": "multipart/mixed; boundary=batch_1"}


def address(case: dict[str, Any]) -> str:
    return f"/DealerPortalCases(dataAreaId='usmf',CaseId='{case['CaseId']}')"


def step(method: str, target: str, body: str = "", *headers: str) -> str:
    part = ("Content-Type: application/http", "Content-Transfer-Encoding: binary", *headers, "")
    return "\r\n".join((*part, f"{method} {target} HTTP/1.1", "Content-Type: application/json", *headers, "", body))


def changeset(*steps: str) -> str:
    parts = "".join(f"--change_1\r\n{part}\r\n" for part in steps)
    return f"Content-Type: multipart/mixed; boundary=change_1\r\n\r\n{parts}--change_1--"


async def send(odata: OData, *parts: str, **headers: str) -> Reply:
    body = "".join(f"--batch_1\r\n{part}\r\n" for part in parts) + "--batch_1--\r\n"
    return await odata.call("POST", "/$batch", data=body.encode(), headers=BOUNDARY | headers)


def statuses(reply: Reply) -> list[str]:
    assert reply.status == 200, reply.text
    return re.findall(r"^HTTP/1\.1 (\d+)", reply.text, re.MULTILINE)


def case(web_case_id: str, category: str = "Breakdown") -> str:
    return json.dumps(CASE | {"WebCaseId": web_case_id, "CaseCategory": category})


async def test_a_batch_answers_its_requests_in_order_with_addresses_of_any_form(odata: OData) -> None:
    reply = await send(
        odata,
        step("GET", "DealerPortalCases?$top=1"),
        changeset(step("POST", "/data/DealerPortalCases", case("WB1"), "Content-ID: 1")),
        step("GET", f"{odata.url}/data/DealerPortalCases/$count?$filter=WebCaseId eq 'WB1'"),
    )

    assert statuses(reply) == ["200", "201", "200"]
    assert reply.headers["Content-Type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert "Content-ID: 1" in reply.text
    assert re.search(r"\r\n\r\n1\r\n--batchresponse", reply.text)


async def test_a_changeset_takes_effect_whole_or_not_at_all(odata: OData) -> None:
    refused = await send(
        odata,
        changeset(
            step("POST", "DealerPortalCases", case("WB2"), "Content-ID: 1"),
            step("PATCH", "$1?cross-company=true", '{"Description": "with its case"}'),
            step("POST", "DealerPortalCases", case("WB3", "Nonsense")),
        ),
        step("GET", "DealerPortalCases/$count"),
    )
    after_refusal = await odata.found("WebCaseId eq 'WB2'")
    done = await send(
        odata,
        changeset(
            step("POST", "DealerPortalCases", case("WB2"), "Content-ID: 1"),
            step("PATCH", "$1", '{"Description": "with its case"}'),
        ),
    )
    after_success = await odata.found("WebCaseId eq 'WB2'")

    assert statuses(refused) == ["400"]
    assert "'Nonsense'" in refused.text
    assert after_refusal == []
    assert statuses(done) == ["201", "204"]
    assert [row["Description"] for row in after_success] == ["with its case"]


async def test_a_batch_goes_on_after_a_refusal_where_the_client_prefers_it(odata: OData) -> None:
    reply = await send(
        odata, step("GET", "Nothing"), step("GET", "CustomersV3?$top=1"), Prefer="odata.continue-on-error"
    )

    assert statuses(reply) == ["404", "200"]


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(step("GET", "CustomersV3?$filter=CustomerAccount eq 'US-001'"), id="go-odata-569"),
        pytest.param(step("GET", "CustomersV3?$filter=CustomerAccount+eq+'US-001'"), id="cloud-sdk-js-568"),
        pytest.param(step("GET", "CustomersV3?$top=1").replace(": ", ":"), id="lodata-775"),
        pytest.param(step("GET", "CustomersV3?$top=1").replace("\r\n", "\n"), id="bare-line-feeds"),
        pytest.param(
            step("GET", "CustomersV3(dataAreaId=%27usmf%27,CustomerAccount=%27US-001%27)"), id="AspNetCoreOData-1009"
        ),
    ],
)
async def test_batches_are_read_as_other_clients_write_them(odata: OData, part: str) -> None:
    reply = await send(odata, part)

    assert statuses(reply) == ["200"]
    assert '"CustomerAccount": "US-001"' in reply.text


async def test_a_content_id_may_stand_in_the_request_itself(odata: OData) -> None:
    """Reported as OData/WebApi#512."""
    made = step("POST", "DealerPortalCases", case("WB4"))
    inner = made.replace("Content-Type: application/json", "Content-Type: application/json\r\nContent-ID: 7")
    reply = await send(odata, changeset(inner, step("PATCH", "$7", '{"Description": "named inside"}')))

    assert statuses(reply) == ["201", "204"]
    assert [row["Description"] for row in await odata.found("WebCaseId eq 'WB4'")] == ["named inside"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("nothing", "multipart/mixed"),
        ("--batch_1\r\nContent-Type: text/plain\r\n\r\nx\r\n--batch_1--", "application/http"),
        (f"--batch_1\r\n{step('get', 'X')}\r\n--batch_1--", "first line"),
        (f"--batch_1\r\n{changeset(step('GET', 'CustomersV3'))}\r\n--batch_1--", "changeset cannot contain a GET"),
        (f"--batch_1\r\n{changeset(*[step('POST', 'X', '{}', 'Content-ID: 1')] * 2)}\r\n--batch_1--", "twice"),
    ],
)
async def test_what_is_no_batch_is_refused(odata: OData, body: str, reason: str) -> None:
    reply = await odata.call("POST", "/$batch", data=body.encode(), headers=BOUNDARY)

    assert reply.status == 400
    assert reason in reply.reason


async def test_put_replaces_a_record(odata: OData) -> None:
    made = (await odata.create(WebCaseId="WP1", Description="before", Notes="before")).body
    reply = await odata.call("PUT", address(made), json=CASE | {"WebCaseId": "WP1", "Description": "after"})
    read = (await odata.call("GET", address(made))).body

    assert reply.status == 204
    assert (read["Description"], read["Notes"], read["CaseId"]) == ("after", "", made["CaseId"])


async def test_properties_have_addresses(odata: OData) -> None:
    made = (await odata.create(Description="5 hours")).body
    one = await odata.call("GET", f"{address(made)}/Description")
    raw = await odata.call("GET", f"{address(made)}/Description/$value")
    none = await odata.call("GET", f"{address(made)}/Colour")

    assert one.body["value"] == "5 hours"
    assert one.body["@odata.context"].endswith(f"$metadata#{address(made)[1:]}/Description")
    assert (raw.text, raw.headers["Content-Type"]) == ("5 hours", "text/plain; charset=utf-8")
    assert none.status == 404


async def test_expand_goes_one_level(odata: OData) -> None:
    made = (await odata.create()).body
    params = {"$expand": "Customer,Category($select=Description)", "$select": "CaseId,Customer"}
    record = (await odata.call("GET", address(made), params=params)).body
    customer = await odata.call("GET", f"{address(made)}/Customer")
    cases = await odata.call("GET", CASES_OF_A_CUSTOMER)
    counted = await odata.call("GET", f"{CASES_OF_A_CUSTOMER}/$count")
    deeper = await odata.call("GET", address(made), params={"$expand": "Customer($expand=DealerPortalCases)"})
    unknown = await odata.call("GET", address(made), params={"$expand": "Colour"})

    assert record["Customer"]["CustomerAccount"] == "US-001"
    assert set(record["Category"]) == {"@odata.etag", "Description"}
    assert customer.body["OrganizationName"] == record["Customer"]["OrganizationName"]
    assert made["CaseId"] in [row["CaseId"] for row in cases.body["value"]]
    assert counted.text == str(len(cases.body["value"]))
    assert (deeper.status, unknown.status) == (400, 400)


@pytest.mark.parametrize(
    ("format_", "status"), [("json", 200), ("application/json;odata.metadata=minimal", 200), ("xml", 406)]
)
async def test_the_format_is_json(odata: OData, format_: str, status: int) -> None:
    reply = await odata.call("GET", "/CustomersV3", params={"$format": format_, "$top": "1"})

    assert reply.status == status


async def test_filters_compute(odata: OData) -> None:
    made = (await odata.create()).body
    found = await odata.found(f"CaseRecId sub {made['CaseRecId']} eq 0")

    assert [row["CaseId"] for row in found] == [made["CaseId"]]

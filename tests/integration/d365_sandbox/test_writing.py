import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.integration.d365_sandbox.conftest import OData, sign_in
from tests.support.sandbox import Sandbox, started


async def test_a_created_case_comes_back_whole(odata: OData) -> None:
    reply = await odata.create(WebCaseId="W1", Notes=None)

    assert reply.status == 201
    assert reply.body["CaseId"].startswith("CASE-")
    assert reply.body["@odata.etag"].startswith('W/"')
    assert (reply.body["CaseStatus"], reply.body["Notes"]) == ("None", "")
    assert reply.headers["Location"].endswith(f"(dataAreaId='usmf',CaseId='{reply.body['CaseId']}')")


async def test_numbers_are_given_once_each(odata: OData) -> None:
    replies = await asyncio.gather(*(odata.create(WebCaseId=f"W{number}") for number in range(60)))

    assert len({reply.body["CaseId"] for reply in replies}) == 60


async def test_a_number_is_not_given_again_after_delete_and_reset(odata: OData, d365: Sandbox) -> None:
    first = (await odata.create()).body["CaseId"]
    deleted = await odata.call("DELETE", f"/DealerPortalCases(dataAreaId='usmf',CaseId='{first}')")
    second = (await odata.create()).body["CaseId"]
    await d365.reset()
    third = (await odata.create()).body["CaseId"]

    assert deleted.status == 204
    assert first < second < third


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"CaseCategory": ""}, "Field 'CaseCategory' must be filled in."),
        ({"CaseCategory": "Nonsense"}, "'Nonsense'"),
        ({"CaseCategory": "Complaint", "CategoryType": "General"}, "'Complaint'"),
        ({"CustomerAccount": "DE-001"}, "'DE-001'"),
        ({"Priority": "Sometime"}, "'Sometime'"),
        ({"WebCaseId": "W" * 21}, "longer than 20"),
        ({"CaseStatus": "Nonsense"}, "not a member"),
        ({"Colour": "red"}, "Could not find a property named 'Colour'"),
        ({"CaseId": "MINE"}, "set by the system"),
        ({"Description": 5}, "'Description'"),
    ],
)
async def test_what_validation_refuses(odata: OData, changes: dict[str, Any], reason: str) -> None:
    reply = await odata.create(**changes)

    assert reply.status == 400
    assert reason in reply.reason
    assert reply.body["error"]["code"] == ""


async def test_validation_speaks_as_captured(odata: OData) -> None:
    reply = await odata.create(CaseCategory="Nonsense")

    assert reply.reason.startswith("Write failed for table row of type 'DealerPortalCase'. Infolog: Warning: ")
    assert reply.reason.endswith("Warning: validateWrite failed on data source 'CaseDetailBase (CaseDetailBase)'.")


async def test_a_category_of_one_type_alone_needs_no_type(odata: OData) -> None:
    assert (await odata.create(CategoryType=None, CaseCategory="Warranty")).status == 400
    body = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "CaseCategory": "Warranty"}
    reply = await odata.call("POST", "/DealerPortalCases", json=body)
    ambiguous = await odata.call("POST", "/DealerPortalCases", json=body | {"CaseCategory": "Complaint"})

    assert reply.body["CategoryType"] == "Service"
    assert ambiguous.status == 400


async def test_the_web_case_id_is_unique_in_its_company(odata: OData) -> None:
    replies = await asyncio.gather(*(odata.create(WebCaseId="W1") for _ in range(10)))
    elsewhere = await odata.create(WebCaseId="W1", dataAreaId="demf", CustomerAccount="DE-001")

    assert sorted(reply.status for reply in replies) == [201] + [400] * 9
    assert "The record already exists." in next(reply for reply in replies if reply.status == 400).reason
    assert elsewhere.status == 201


async def test_uniqueness_can_be_switched_off(tmp_path: Path) -> None:
    async with started(tmp_path, unique_web_case_id="false") as own:
        odata = await sign_in(own)
        assert [(await odata.create(WebCaseId="W1")).status for _ in range(2)] == [201, 201]
        books = await own.control("GET", "/cases?web_case_id=W1")

    assert len(books["items"]) == 2
    assert books["duplicates"] == [{"dataAreaId": "usmf", "WebCaseId": "W1", "cases": 2}]


async def test_patch_heeds_if_match(odata: OData) -> None:
    case = (await odata.create()).body
    path = f"/DealerPortalCases(dataAreaId='usmf',CaseId='{case['CaseId']}')"
    headers = {"If-Match": case["@odata.etag"]}

    first = await odata.call("PATCH", path, json={"Description": "one"}, headers=headers)
    stale = await odata.call("PATCH", path, json={"Description": "two"}, headers=headers)
    plain = await odata.call("PATCH", path, json={"Description": "three"})
    wrong = await odata.call("PATCH", path, json={"CaseCategory": "Nonsense"})

    assert [reply.status for reply in (first, stale, plain, wrong)] == [204, 412, 204, 400]
    assert first.headers["ETag"] != case["@odata.etag"]
    assert "update conflict" in stale.reason
    assert (await odata.call("GET", path)).body["Description"] == "three"


async def test_keys_stay_as_they_are(odata: OData) -> None:
    path = "/CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')"

    same = await odata.call("PATCH", path, json={"CustomerAccount": "us-001", "OrganizationName": "New"})
    other = await odata.call("PATCH", path, json={"CustomerAccount": "US-999"})

    assert (same.status, other.status) == (204, 400)
    customer = (await odata.call("GET", path)).body
    assert (customer["CustomerAccount"], customer["OrganizationName"]) == ("US-001", "New")


async def test_the_document_queue_is_keyed_by_the_client(odata: OData) -> None:
    row = {"dataAreaId": "demf", "LogId": "W1-1", "WebCaseId": "W1", "State": "failed", "Message": "no"}
    path = "/DocumentQueueLogs(dataAreaId='demf',LogId='W1-1')?cross-company=true"

    statuses = [
        (await odata.call("PATCH", path, json={"State": "failed"})).status,
        (await odata.call("POST", "/DocumentQueueLogs", json=row)).status,
        (await odata.call("POST", "/DocumentQueueLogs", json=row)).status,
        (await odata.call("PATCH", path, json={"State": "discarded"})).status,
    ]

    assert statuses == [404, 201, 400, 204]
    assert (await odata.call("GET", path)).body["State"] == "discarded"


async def test_a_fixed_set_up_lets_the_case_in(odata: OData) -> None:
    before = await odata.create(CustomerAccount="US-777")
    customer = {"dataAreaId": "usmf", "CustomerAccount": "US-777", "OrganizationName": "New"}
    await odata.call("POST", "/CustomersV3", json=customer)

    assert before.status == 400
    assert (await odata.create(CustomerAccount="US-777")).status == 201


@pytest.mark.parametrize(
    ("content_type", "data", "status"),
    [("text/plain", "{}", 415), ("application/json", "{", 400), ("application/json", "[]", 400)],
)
async def test_bodies_that_are_no_json_object(odata: OData, content_type: str, data: str, status: int) -> None:
    reply = await odata.call("POST", "/DealerPortalCases", data=data, headers={"Content-Type": content_type})

    assert reply.status == status

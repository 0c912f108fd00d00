"""What D365's staff and a restore do to cases, and OData clients cannot."""

from typing import Any

from tests.integration.d365_sandbox.conftest import OData
from tests.support.sandbox import Sandbox

ODD = "cut \ud83d here\x00"


async def test_staff_moves_renumbers_deletes_and_gives_a_number_again(odata: OData, d365: Sandbox) -> None:
    case_id = (await odata.create(WebCaseId="W1")).body["CaseId"]
    await d365.change("usmf", case_id, CustomerAccount="US-002", Description=ODD)
    await d365.change("usmf", case_id, CategoryType="Audit")
    (moved,) = await odata.found("WebCaseId eq 'W1'")
    assert (moved["CustomerAccount"], moved["CategoryType"]) == ("US-002", "Audit")
    assert (moved["CaseCategory"], moved["Description"]) == ("Policy violation", ODD)

    await d365.change("usmf", case_id, dataAreaId="demf", CaseId="C-7", CustomerAccount="DE-001")
    (elsewhere,) = await odata.found("WebCaseId eq 'W1'")
    assert (elsewhere["dataAreaId"], elsewhere["CaseId"]) == ("demf", "C-7")
    again = await d365.control(
        "POST",
        "/cases",
        {"dataAreaId": "usmf", "CaseId": case_id, "CustomerAccount": "US-003", "CaseCategory": "Breakdown"},
    )
    assert again["CaseId"] == case_id

    before = len((await d365.control("GET", "/events?limit=1000"))["items"])
    await d365.delete("demf", "C-7")
    await d365.delete("usmf", case_id, event=True)
    assert await odata.found("WebCaseId eq 'W1'") == []
    assert len((await d365.control("GET", "/events?limit=1000"))["items"]) == before + 1


async def test_what_cannot_be_is_refused_with_the_reason(odata: OData, d365: Sandbox) -> None:
    first, second = [(await odata.create()).body["CaseId"] for _ in range(2)]
    for path, body, status, reason in (
        (f"/cases/usmf/{first}", {"CustomerAccount": "DE-001"}, 422, "DE-001"),
        (f"/cases/usmf/{first}", {"Colour": "red"}, 422, "Colour"),
        (f"/cases/usmf/{first}", {"CaseId": second}, 422, second),
        ("/cases/usmf/NONE", {"Description": "x"}, 404, "no resources"),
    ):
        async with d365.session.patch(f"{d365.url}/_sandbox{path}", json=body) as answer:
            assert answer.status == status
            assert reason.lower() in (await answer.text()).lower()


async def test_the_page_does_the_same_and_shows_odd_texts(odata: OData, d365: Sandbox) -> None:
    case_id = (await odata.create()).body["CaseId"]
    await d365.change("usmf", case_id, Description=ODD)
    form = {"company": "usmf", "case_id": case_id}
    for fields in ({"CustomerAccount": "US-002"}, {"action": "delete"}):
        async with d365.session.post(
            f"{d365.url}/clerk/rewrite", data=form | fields, headers={"Origin": d365.url}
        ) as answer:
            assert answer.status == 200
            assert "cut ? here" in await answer.text() or fields.get("action")
    assert await odata.found(f"CaseId eq '{case_id}'") == []


async def test_the_page_sets_d365_up_and_its_staff_sees_what_odata_does_not(odata: OData, d365: Sandbox) -> None:
    await odata.create(SubmissionId="S-1")
    for changed, status, words in (
        ('{"private_fields": ["DealerPortalCases.SubmissionId"]}', 200, "private_fields"),
        ('{"private_fields": ["Nothing"]}', 422, "unknown field"),
        ("{", 422, "not valid JSON"),
        ("[]", 422, "a JSON object"),
    ):
        async with d365.session.post(f"{d365.url}/clerk/setup", data={"changed": changed}) as answer:
            assert (answer.status, words in await answer.text()) == (status, True)
    assert "SubmissionId" not in (await odata.found("Priority eq ''"))[0]
    assert "S-1" in {case["SubmissionId"] for case in await d365.cases()}


async def test_the_page_has_every_act_of_a_clerk_and_sends_events_as_the_model_does(
    odata: OData, d365: Sandbox
) -> None:
    case = (await odata.create(WebCaseId="W1", Description="pump \U0001f69c leaks")).body

    async def press(**fields: str) -> dict[str, Any]:
        form = {"company": "usmf", "case_id": case["CaseId"], **fields}
        address = "move" if "status" in fields else "rewrite"
        async with d365.session.post(f"{d365.url}/clerk/{address}", data=form) as answer:
            assert answer.status == 200
        found = await odata.found("WebCaseId eq 'W1'")
        return found[0] if found else {}

    async def events_sent() -> int:
        events = (await d365.control("GET", "/events?limit=1000"))["items"]
        return sum(event["body"]["WebCaseId"] == "W1" for event in events)

    assert (await press(CustomerAccount="US-002"))["CustomerAccount"] == "US-002"
    assert await events_sent() == 2, "the creation, and the new customer"
    assert (await press(CategoryType="Audit"))["CaseCategory"] == "Policy violation"
    assert (await press(action="cut", field="Description", length="6"))["Description"] == "pump \ud83d"
    assert await events_sent() == 2, "the poll finds these"
    for status in ("Closed", "Opened"):
        assert (await press(status=status))["CaseStatus"] == status
    assert await press(action="delete") == {}
    assert await events_sent() == 5

"""What a live environment refuses, and what an administrator can set up differently; changed while it runs."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.d365_sandbox.conftest import OData, Reply
from tests.support.sandbox import Sandbox

CASES = "/DealerPortalCases"


async def filtered(odata: OData, text: str, **params: str) -> Reply:
    return await odata.call("GET", CASES, params={"$filter": text, **params})


async def test_text_is_compared_for_equality_alone(odata: OData) -> None:
    for operator in ("gt", "ge", "lt", "le"):
        reply = await filtered(odata, f"CaseId {operator} 'CASE-000001'")
        assert reply.status == 400
        assert "Edm.String" in reply.reason
    case = (await odata.create()).body
    keyset = (
        f"(SysModifiedDateTime gt {case['SysModifiedDateTime']}) or "
        f"(SysModifiedDateTime eq {case['SysModifiedDateTime']} and CaseRecId ge {case['CaseRecId']})"
    )
    assert [row["CaseRecId"] for row in await odata.found(keyset)] == [case["CaseRecId"]]
    assert await odata.found(f"CaseRecId gt {2**63 - 1}") == []


async def test_an_int64_is_a_number_or_a_text_as_the_client_wants(odata: OData) -> None:
    case = (await odata.create(WebCaseId="W1")).body
    assert isinstance(case["CaseRecId"], int)
    headers = {"Accept": "application/json;odata.metadata=minimal;IEEE754Compatible=true"}
    reply = await odata.call("GET", CASES, params={"$filter": "WebCaseId eq 'W1'", "$count": "true"}, headers=headers)
    assert (reply.body["@odata.count"], reply.body["value"][0]["CaseRecId"]) == ("1", str(case["CaseRecId"]))
    assert "IEEE754Compatible=true" in reply.headers["Content-Type"]


async def test_a_filter_has_so_many_nodes_and_no_more(odata: OData, d365: Sandbox) -> None:
    await d365.set_up(max_filter_nodes=100)

    async def status(terms: int, before: str = "") -> Reply:
        return await filtered(odata, before + " or ".join(f"WebCaseId eq 'W{number}'" for number in range(terms)))

    assert [(await status(terms)).status for terms in (20, 21)] == [200, 400]
    assert "node count limit of '100'" in (await status(100)).reason
    assert [(await status(terms, "not (CaseId eq 'x') or ")).status for terms in (19, 20)] == [200, 400]


async def test_a_star_in_eq_is_a_wildcard(odata: OData) -> None:
    await odata.create(WebCaseId="WABC")
    assert [len(await odata.found(f"WebCaseId eq '{text}'")) for text in ("*AB*", "*", "ABC")] == [1, 5 + 4, 0]


@pytest.mark.parametrize(
    ("too_long", "stored"), [("cut", "cut in the midd"), ("cut", "cut just at \U0001f69c!"), ("refuse", None)]
)
async def test_a_text_that_is_too_long_is_cut_or_refused(
    odata: OData, d365: Sandbox, too_long: str, stored: str | None
) -> None:
    await d365.set_up(lengths={"Description": 15}, too_long=too_long)
    reply = await odata.create(Description=(stored or "a text that is too long") + " and more")
    if stored is None:
        assert (reply.status, "longer than 15" in reply.reason) == (400, True)
        return
    assert reply.body["Description"] == stored[: 15 if stored.isascii() else 14]


async def test_a_cut_goes_through_a_surrogate_pair(odata: OData, d365: Sandbox) -> None:
    await d365.set_up(lengths={"Description": 5}, too_long="cut")
    reply = await odata.create(Description="pump\U0001f69c")
    assert reply.body["Description"] == "pump\ud83d"
    assert r"\ud83d" in reply.text


async def test_a_private_field_is_not_there_and_refuses_without_a_word(odata: OData, d365: Sandbox) -> None:
    case_id = (await odata.create(WebCaseId="W1", SubmissionId="S")).body["CaseId"]
    await d365.set_up(private_fields=["DealerPortalCases.SubmissionId"])
    for params in ({"$select": "SubmissionId"}, {"$filter": "SubmissionId eq 'S'"}, {"$orderby": "SubmissionId"}):
        reply = await odata.call("GET", CASES, params=params)
        assert (reply.status, reply.text) == (400, "")
    (case,) = await odata.found("WebCaseId eq 'W1'")
    assert "SubmissionId" not in case
    assert "SubmissionId" in (await odata.create(SubmissionId="S")).reason
    metadata = (await odata.call("GET", "/$metadata")).text
    assert metadata.count('Name="SubmissionId"') == 1  # only the document queue's
    await d365.set_up()
    assert (await odata.found(f"CaseId eq '{case_id}'"))[0]["SubmissionId"] == "S"


async def test_a_rec_id_may_refuse_to_be_queried_and_still_be_shown(odata: OData, d365: Sandbox) -> None:
    await odata.create(WebCaseId="W1")
    await d365.set_up(unfilterable_fields=["DealerPortalCases.CaseRecId"])
    assert (await odata.call("GET", CASES, params={"$select": "CaseRecId"})).status == 400
    assert (await odata.found("WebCaseId eq 'W1'"))[0]["CaseRecId"] > 0


async def test_a_mandatory_field_must_be_sent(odata: OData, d365: Sandbox) -> None:
    await d365.set_up(mandatory_fields=["Resolution", "Priority"])
    metadata = (await odata.call("GET", "/$metadata")).text
    assert '<Property Name="Resolution" Type="Edm.String" Nullable="false">' in metadata
    reply = await odata.create()
    assert (reply.status, "Resolution" in reply.reason, "Priority" in reply.reason) == (400, True, True)
    assert (await odata.create(Resolution="none", Priority="High")).body["Resolution"] == "none"
    await d365.set_up()
    assert "Resolution" in (await odata.create(Resolution="x")).reason


async def test_pages_are_as_large_as_the_client_prefers_and_follow_by_offset(odata: OData, d365: Sandbox) -> None:
    prefer = {"Prefer": "odata.maxpagesize=2"}
    path = "/CustomersV3?cross-company=true&$filter=CustomerAccount ne 'US-005'&$orderby=dataAreaId,CustomerAccount"
    rows, links = [], []
    while path:
        reply = await odata.call("GET", path, headers=prefer)
        assert reply.headers["Preference-Applied"] == ""
        rows += reply.body["value"]
        links.append(reply.body.get("@odata.nextLink", ""))
        path = links[-1].removeprefix(f"{d365.url}/data")
    assert [link.partition("CustomerAccount&")[2] for link in links][:2] == ["$skip=2&$top=2", "$skip=4&$top=2"]
    assert len({(row["dataAreaId"], row["CustomerAccount"]) for row in rows}) == 9
    # The server is stateless: a link without the preference gives the last page, and so does one record less than a
    # page.
    alone = await odata.call("GET", links[0].removeprefix(f"{d365.url}/data"))
    fewer = await odata.call("GET", "/CustomersV3?$top=1", headers=prefer)
    for reply in (alone, fewer):
        assert "@odata.nextLink" not in reply.body
    assert "Preference-Applied" not in alone.headers


@pytest.mark.parametrize("status", [401, 403])
async def test_a_role_may_lack_privileges(odata: OData, d365: Sandbox, status: int) -> None:
    path = f"{CASES}(dataAreaId='usmf',CaseId='{(await odata.create()).body['CaseId']}')"
    await d365.set_up(lacks_maintain=["DealerPortalCases"], lacks_view=["CustomersV3"], missing_privilege_status=status)
    answers = [
        await odata.create(),
        await odata.call("PATCH", path, json={}),
        await odata.call("DELETE", path),
        await odata.call("GET", "/CustomersV3"),
    ]
    assert [reply.status for reply in answers] == [status] * 4
    assert (await odata.call("GET", CASES)).status == 200
    assert (answers[0].text == "") is (status == 401)
    await d365.set_up(lacks_delete=["DealerPortalCases"], missing_privilege_status=status)
    assert [(await odata.call(method, path, json={})).status for method in ("PATCH", "DELETE")] == [204, status]


async def test_what_is_given_at_creation_stays(odata: OData) -> None:
    case = (await odata.create(WebCaseId="W1", ContactName="A")).body
    path = f"{CASES}(dataAreaId='usmf',CaseId='{case['CaseId']}')"
    same, other = [await odata.call("PATCH", path, json={"WebCaseId": value}) for value in ("W1", "W2")]
    assert (same.status, other.status) == (204, 400)
    assert "'WebCaseId' does not allow editing" in other.reason
    assert (await odata.call("PUT", path, json={"CaseCategory": "Breakdown", "CategoryType": "Service"})).status == 204
    assert (await odata.call("GET", path)).body["ContactName"] == "A"


async def test_the_service_user_sees_its_companies_alone(odata: OData, d365: Sandbox) -> None:
    await d365.set_up(hidden_companies=["demf"])
    assert await odata.found("dataAreaId eq 'demf'", "CustomersV3") == []
    assert await odata.found("dataAreaId eq 'usmf'", "CustomersV3")
    assert "demf" in (await odata.create(dataAreaId="demf", CustomerAccount="DE-001")).reason


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ({"registered": False}, 401, ""),
        ({"sign_in_page": True}, 200, "Sign in to your account"),
        ({"environment_url": "https://other.example"}, 401, ""),
    ],
)
async def test_an_environment_that_takes_nobody_in(
    odata: OData, d365: Sandbox, change: dict[str, Any], status: int, text: str
) -> None:
    await d365.set_up(**change)
    reply = await odata.call("GET", "")
    assert (reply.status, text in reply.text) == (status, True)
    assert ("json" in reply.headers.get("Content-Type", "")) is False


async def test_without_a_number_sequence_there_is_no_case(odata: OData, d365: Sandbox) -> None:
    await d365.set_up(number_sequence=False)
    assert "Number sequence" in (await odata.create()).reason


async def test_an_event_that_is_not_activated_for_a_legal_entity_is_not_sent(odata: OData, d365: Sandbox) -> None:
    await d365.set_up(inactive_events=["USMF"])
    await odata.create(WebCaseId="W1")
    await odata.create(WebCaseId="W2", dataAreaId="demf", CustomerAccount="DE-001")
    events = (await d365.control("GET", "/events?limit=1000"))["items"]
    assert [event["body"]["WebCaseId"] for event in events if event["body"]["WebCaseId"]] == ["W2"]


async def test_the_clock_may_be_off(odata: OData, d365: Sandbox) -> None:
    await d365.set_up(clock_offset_seconds=600)
    reply = await odata.create()
    answered = parsedate_to_datetime(reply.headers["Date"])
    stamped = datetime.fromisoformat(reply.body["SysModifiedDateTime"])
    for moment in (answered, stamped):
        assert 590 < (moment - datetime.now(UTC)).total_seconds() < 610


async def test_unknown_symbols_and_missing_uniqueness(odata: OData, d365: Sandbox) -> None:
    await d365.set_up(extra_statuses=["AwaitingParts"], unique_web_case_id=False)
    assert '<Member Name="AwaitingParts"' in (await odata.call("GET", "/$metadata")).text
    replies = [await odata.create(WebCaseId="W1", CaseStatus="AwaitingParts") for _ in range(2)]
    assert [reply.status for reply in replies] == [201, 201]
    await d365.set_up(extra_statuses=[])
    assert "OnHold" not in (await odata.call("GET", "/$metadata")).text


async def test_every_answer_can_be_traced(odata: OData, d365: Sandbox) -> None:
    wanted = str(uuid4())
    reply = await odata.call("GET", "/Nothing", headers={"x-ms-client-request-id": wanted})
    assert reply.status == 404
    assert reply.headers["x-ms-client-request-id"] == wanted
    (entry, *_) = (await d365.control("GET", "/requests"))["items"]
    assert (entry["client_request_id"], entry["dyn_aid"]) == (wanted, reply.headers["ms-dyn-aid"])


async def test_a_change_replaces_or_adds_and_a_wrong_one_is_named(odata: OData, d365: Sandbox) -> None:
    await d365.control("PUT", "/settings", {"registered": False})
    await d365.control("PATCH", "/settings", {"clock_offset_seconds": 5})
    stands = await d365.control("GET", "/settings")
    assert stands["changed"] == ["clock_offset_seconds", "registered"]
    assert (stands["settings"]["registered"], stands["settings"]["default_company"]) == (False, "usmf")
    for wrong, named in (
        ({"private_fields": ["DealerPortalCases.Nothing"]}, "DealerPortalCases.Nothing"),
        ({"mandatory_fields": ["Nothing"]}, "DealerPortalCases.Nothing"),
        ({"lacks_view": ["Nothing"]}, "Nothing"),
        ({"token_error": 1}, "7000222"),
        ({"nothing": 1}, "nothing"),
    ):
        async with d365.session.put(f"{d365.url}/_sandbox/settings", json=wrong) as answer:
            assert answer.status == 422
            assert named in await answer.text()
    assert (await d365.control("PUT", "/settings", {}))["changed"] == []

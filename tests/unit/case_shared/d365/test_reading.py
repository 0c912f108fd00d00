import json
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from case_shared.d365.errors import (
    D365AnswersTooMuch,
    D365Error,
    D365Forbidden,
    D365ForeignLink,
    D365LostAnswer,
    D365Misconfigured,
    D365NotOData,
    D365Throttled,
    D365Unauthorized,
    D365Unavailable,
)
from case_shared.d365.mapping import Mapping
from case_shared.d365.models import ModifiedKey
from case_shared.d365.reading import EntitySets
from case_shared.d365.support import SupportIds
from case_shared.d365.wire import Answer, Wire
from tests.support.patience import PATIENCE
from tests.unit.case_shared.d365.scripted import (
    Step,
    answer,
    client_of,
    hang_up,
    odata_error,
    scripted,
    silence,
    then_hang_up,
)

# Much more than an answer takes.
SECONDS = 5 * PATIENCE
NAMES = [name for name in Mapping().case.fields.by_ours().values() if name != "Notes"]
START = ModifiedKey(datetime(2026, 1, 1, tzinfo=UTC), 0)


def row(case_id: str, web_case_id: str = "", **changes: Any) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(NAMES, "") | {"CaseRecId": int(case_id.partition("-")[2] or 0)}
    modified = {"SysModifiedDateTime": "2026-11-23T10:00:00Z", "CaseStatus": "Planned", "dataAreaId": "usmf"}
    return empty | modified | {"CaseId": case_id, "WebCaseId": web_case_id} | changes


def page(rows: Iterable[dict[str, Any]], **more: str) -> bytes:
    links = {f"@odata.{name}": value for name, value in more.items()}
    return answer(200, json.dumps({"@odata.context": "x", "value": list(rows)} | links))


@pytest.mark.parametrize(
    ("step", "error"),
    [
        pytest.param(answer(401), D365Unauthorized, id="401"),
        pytest.param(answer(403), D365Forbidden, id="403"),
        pytest.param(answer(404, "<html>", "text/html"), D365Misconfigured, id="404"),
        pytest.param(answer(400, odata_error("no such property")), D365Misconfigured, id="400"),
        pytest.param(answer(429, "", Retry_After="3"), D365Throttled, id="429"),
        pytest.param(answer(500, odata_error("x")), D365Unavailable, id="500"),
        pytest.param(answer(503), D365Unavailable, id="503"),
        pytest.param(answer(408), D365Unavailable, id="408"),
        pytest.param(answer(302, "", Location="/login"), D365NotOData, id="redirect"),
        pytest.param(answer(200, "<html>", "text/html"), D365NotOData, id="page"),
        pytest.param(answer(400, "<html>", "text/html"), D365NotOData, id="400 with a page"),
        pytest.param(answer(200, '{"value": ['), D365NotOData, id="broken JSON"),
        pytest.param(answer(200, "{}"), D365NotOData, id="no value"),
        pytest.param(answer(200, '{"value": [1]}'), D365NotOData, id="no rows"),
        pytest.param(answer(204), D365NotOData, id="204"),
        pytest.param(then_hang_up(page([])[:-3]), D365LostAnswer, id="cut off"),
        pytest.param(hang_up, D365LostAnswer, id="hangs up"),
        pytest.param(silence, D365Unavailable, id="time-out"),
    ],
)
async def test_no_sure_answer_is_a_typed_error(step: Step, error: type[D365Error]) -> None:
    async with scripted(step) as d365, client_of(d365.url) as client:
        with pytest.raises(error) as raised:
            await client.find_by_web_case_id(
                "usmf", ["W1"], control_case_ids=["C-0"], timeout=1 * PATIENCE if step is silence else SECONDS
            )

    assert "find cases" in str(raised.value)
    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (answer(503, "Maintenance until 9.", "text/plain"), "503: Maintenance until 9."),
        (answer(401, '{"Message": "Authorization has been denied."}'), "401: Authorization has been denied."),
        (answer(503, "<html>Maintenance</html>", "text/html"), "503: no OData error in the answer"),
        (answer(503, ""), "503: no OData error in the answer"),
    ],
)
async def test_an_error_in_another_form_than_odatas_says_why(step: Step, why: str) -> None:
    async with scripted(step) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Error) as raised:
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=SECONDS)

    assert why in str(raised.value)


async def test_a_look_up_asks_for_many_with_the_control_in_the_same_request() -> None:
    async with scripted(page([row("C-1", "w1"), row("C-2", "W1"), row("C-0")])) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1", "W'2"], control_case_ids=["C-0"], timeout=SECONDS)

    assert [case.case_id for case in read.found["W1"]] == ["C-1", "C-2"]
    assert read.is_surely_absent("W'2")
    assert not read.is_surely_absent("W1")
    assert not read.is_surely_absent("W3")
    [request] = d365.requests
    assert request.path.startswith("/data/DealerPortalCases?cross-company=true&$filter=")
    expected = "dataAreaId eq 'usmf' and ((WebCaseId eq 'W1' or WebCaseId eq 'W''2') or (CaseId eq 'C-0'))"
    assert expected in request.query
    assert "$orderby=dataAreaId,CaseId" in request.query
    assert "Notes" not in request.query


@pytest.mark.parametrize("rows", [[], [row("C-0", dataAreaId="dat")], [row("C-00")]])
async def test_without_the_control_in_the_answer_nothing_is_surely_absent(rows: list[dict[str, Any]]) -> None:
    async with scripted(page(rows)) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1"], control_case_ids=["C-0"], timeout=SECONDS)

    assert not read.is_surely_absent("W1")


async def test_keys_that_d365_fills_up_with_blanks_are_the_same_keys() -> None:
    submission = "3c47a4cd-0000-4000-8000-000000000001"
    padded = {"dataAreaId": "USMF ", "CustomerAccount": " US-001  ", "CaseStatus": "Planned "}
    padded |= {"SubmissionId": f" {submission}  "}
    rows = [row("C-1  ", "W1  ", CaseRecId="5637144576", **padded), row("C-0   ", CaseRecId=1)]
    async with scripted(page(rows)) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1", "W2"], control_case_ids=["C-0"], timeout=SECONDS)
        [[found, _]] = [cases async for cases in client.read_modified_since(START, page_size=9, timeout=SECONDS)]

    assert [case.case_id for case in read.found["W1"]] == ["C-1"]
    assert read.is_surely_absent("W2")
    assert (found.data_area_id, found.case_id, found.web_case_id) == ("USMF", "C-1", "W1")
    assert (found.customer_account, found.status, found.rec_id) == ("US-001", "Planned", 5637144576)
    assert str(found.submission_id) == submission


async def test_cases_of_other_legal_entities_are_not_found() -> None:
    async with scripted(page([row("C-1", "W1", dataAreaId="dat")])) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1"], control_case_ids=[], timeout=SECONDS)

    assert read.found == {}


async def test_a_big_look_up_goes_in_shares_each_with_its_own_control() -> None:
    asked = [f"W{number:09}" for number in range(20)]
    async with scripted(page([row("C-0")]), page([])) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", asked, control_case_ids=["C-0"], timeout=SECONDS)

    assert len(d365.requests) == 2
    assert all("CaseId eq 'C-0'" in request.query for request in d365.requests)
    assert read.is_surely_absent(asked[0])
    assert not read.is_surely_absent(asked[-1])


async def test_a_control_that_d365_refuses_to_be_asked_for_hides_no_case() -> None:
    refused = answer(400, odata_error("no"))
    async with scripted(refused, refused, page([row("C-1", "W1")])) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1"], control_case_ids=["C-8", "C-9"], timeout=SECONDS)

    assert set(read.found) == {"W1"}
    assert read.proofs == {}
    assert "C-8" not in d365.requests[-1].query


async def test_next_pages_are_followed_on_the_same_origin() -> None:
    async with scripted() as d365, client_of(d365.url) as client:
        following = f"{d365.url}/data/DealerPortalCases?cross-company=true&$skip=1"
        d365.steps = [page([row("C-1")], nextLink=following), page([row("C-2"), row("*")])]
        cases = await client.read_cases_by_case_id("usmf", ["C-1", "c-2"], timeout=SECONDS)

    assert [case.case_id for case in cases] == ["C-1", "C-2"]
    assert d365.requests[1].query == "cross-company=true&$skip=1"


async def test_a_row_that_comes_on_two_pages_is_one_case() -> None:
    """A row that is inserted meanwhile moves the others: the last row of a page begins the next one."""
    pages = (
        page([row("C-0"), row("C-1", "W1")], nextLink="/data/X?$skip=2"),
        page([row("c-1 ", "W1"), row("C-2", "W2")]),
    )
    async with scripted(*pages) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1", "W2"], control_case_ids=["C-0"], timeout=SECONDS)

    assert {key: len(cases) for key, cases in read.found.items()} == {"W1": 1, "W2": 1}
    assert len(d365.requests) == 2


async def test_two_numbers_for_one_key_are_two_cases_wherever_they_come() -> None:
    pages = page([row("C-1", "W1")], nextLink="/data/X?$skip=1"), page([row("C-2", "W1")])
    async with scripted(*pages) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1"], control_case_ids=["C-0"], timeout=SECONDS)

    assert [case.case_id for case in read.found["W1"]] == ["C-1", "C-2"]


async def test_what_an_answer_of_several_pages_lacks_is_asked_for_again() -> None:
    """A row that disappears meanwhile moves the others: the first row of the next page has slipped into this one."""
    pages = page([row("C-0"), row("C-1", "W1")], nextLink="/data/X?$skip=2"), page([row("C-3", "W3")])
    async with scripted(*pages, page([row("C-0"), row("C-2", "W2")])) as d365, client_of(d365.url) as client:
        asked = ["W1", "W2", "W3", "W4"]
        read = await client.find_by_web_case_id("usmf", asked, control_case_ids=["C-0"], timeout=SECONDS)

    assert set(read.found) == {"W1", "W2", "W3"}
    assert [read.is_surely_absent(key) for key in asked] == [False, False, False, True]
    assert "((WebCaseId eq 'W2' or WebCaseId eq 'W4') or (CaseId eq 'C-0'))" in d365.requests[-1].query
    assert len(d365.requests) == 3


async def test_a_control_in_an_answer_of_several_pages_proves_nothing_by_itself() -> None:
    pages = page([row("C-0")], nextLink="/data/X?$skip=1"), page([row("C-9")])
    async with scripted(*pages, *pages, page([])) as d365, client_of(d365.url) as client:
        for controls in (["C-0"], ["C-0", "C-9"]):
            read = await client.find_by_web_case_id("usmf", ["W1"], control_case_ids=controls, timeout=SECONDS)
            assert not read.is_surely_absent("W1")

    assert len(d365.requests) == 5


async def test_a_page_that_has_become_empty_is_a_page() -> None:
    """The row that slipped was the only one of the next page."""
    emptied = page([row("C-0"), row("C-1", "W1")], nextLink="/data/X?$skip=2"), page([])
    async with scripted(*emptied, page([row("C-0"), row("C-2", "W2")])) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1", "W2"], control_case_ids=["C-0"], timeout=SECONDS)

    assert set(read.found) == {"W1", "W2"}
    assert len(d365.requests) == 3


async def test_a_server_that_links_behind_its_last_row_proves_absence_with_one_control_alone() -> None:
    both = page([row("C-0"), row("C-9")], nextLink="/data/X?$skip=2"), page([])
    one = page([row("C-0")], nextLink="/data/X?$skip=1"), page([])
    async with scripted(*both, *one, *one) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1"], control_case_ids=["C-0", "C-9"], timeout=SECONDS)

    assert read.is_surely_absent("W1")
    assert len(d365.requests) == 6


@pytest.mark.parametrize("later", [[], [row("C-1", "W1")], [row("C-0"), row("C-1", "W1")]])
async def test_a_control_that_disappears_between_two_pages_proves_nothing(later: list[dict[str, Any]]) -> None:
    emptied = page([row("C-0")], nextLink="/data/X?$skip=1"), page([])
    async with scripted(*emptied, page(later)) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1"], control_case_ids=["C-0"], timeout=SECONDS)

    assert not read.is_surely_absent("W1")


async def test_a_refusal_to_be_asked_again_makes_no_second_case() -> None:
    pages = page([row("C-0"), row("C-1", "W1")], nextLink="/data/X?$skip=2"), page([row("C-9")])
    steps = [*pages, answer(400, odata_error("no")), page([row("C-0"), row("C-1", "W1")])]
    async with scripted(*steps) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1", "W2"], control_case_ids=["C-0"], timeout=SECONDS)

    assert [case.case_id for case in read.found["W1"]] == ["C-1"]


async def test_pages_of_one_row_each_end_with_one_control() -> None:
    def answer_of(*rows: dict[str, Any]) -> list[bytes]:
        links = [{"nextLink": f"/data/X?$skip={number}"} for number in range(1, len(rows))]
        return [page([one], **link) for one, link in zip(rows, [*links, {}], strict=True)]

    c_0, c_9, w_1 = row("C-0"), row("C-9"), row("C-1", "W1")
    steps = [*answer_of(c_0, w_1, c_9), *answer_of(c_0, c_9), *answer_of(c_0)]
    async with scripted(*steps) as d365, client_of(d365.url) as client:
        asked = {"control_case_ids": ["C-0", "C-9"], "timeout": SECONDS}
        read = await client.find_by_web_case_id("usmf", ["W1", "W2"], **asked)  # type: ignore[arg-type]

    assert [case.case_id for case in read.found["W1"]] == ["C-1"]
    assert read.is_surely_absent("W2")
    assert len(d365.requests) == 6
    assert "(WebCaseId eq 'W2') or (CaseId eq 'C-0')" in d365.requests[-1].query


async def test_a_row_that_has_no_number_yet_harms_no_other() -> None:
    unnumbered = [row("", "W2", CaseId=None, CaseRecId=7), row("", "W2", CaseId=None, CaseRecId=8)]
    async with scripted(page([*unnumbered, row("C-0"), row("C-1", "W1")])) as d365, client_of(d365.url) as client:
        asked = ["W1", "W2", "W3"]
        read = await client.find_by_web_case_id("usmf", asked, control_case_ids=["C-0"], timeout=SECONDS)
        [polled] = [cases async for cases in client.read_modified_since(START, page_size=9, timeout=SECONDS)]

    assert [case.case_id for case in read.found["W1"]] == ["C-1"]
    assert [case.case_id for case in read.found["W2"]] == ["", ""], "nothing distinguishes them: two cases"
    assert [read.is_surely_absent(key) for key in asked] == [False, False, True]
    assert [case.case_id for case in polled] == ["", "", "C-0", "C-1"]


async def test_a_search_leaves_out_what_has_no_number_yet() -> None:
    rows = [row("", CaseId=None, CustomerAccount="US-001"), row("C-1", CustomerAccount="US-001")]
    async with scripted(page(rows)) as d365, client_of(d365.url) as client:
        found = await client.search_cases("usmf", "US-001", "", most=9, timeout=SECONDS)

    assert [case.case_id for case in found] == ["C-1"]


async def test_the_token_is_never_sent_to_another_origin() -> None:
    async with scripted(page([], nextLink="http://elsewhere.invalid/data/X")) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Misconfigured, match=r"elsewhere\.invalid"):
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=SECONDS)


async def test_more_rows_than_keys_can_have_are_not_read_to_their_end() -> None:
    everything = page([row(f"C-{number}") for number in range(1000)], nextLink="/data/X?$skip=1000")
    async with scripted(everything) as d365, client_of(d365.url) as client:
        with pytest.raises(D365AnswersTooMuch, match="ignores the filter"):
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=SECONDS)

    assert len(d365.requests) == 1
    assert "$top=1000" in d365.requests[0].query


@pytest.mark.parametrize(
    "link",
    [
        "file:///etc/passwd",
        "https://127.0.0.1/data/X",
        "//elsewhere.invalid/data/X",
        "http://127.0.0.1:1/data/X",
        "ftp://127.0.0.1/data/X",
        "http://[::1/data/X",
        "http://127.0.0.1:99999/data/X",
        "/data/X?\r\nHost: elsewhere.invalid",
        "javascript:alert(1)",
    ],
)
async def test_a_next_page_that_is_not_d365s_own_is_refused_by_name_and_not_followed(link: str) -> None:
    async with scripted(page([], nextLink=link), page([row("C-1")])) as d365, client_of(d365.url) as client:
        with pytest.raises(D365ForeignLink):
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=SECONDS)
        assert len(d365.requests) == 1
        assert len(await client.read_cases_by_case_id("usmf", ["C-1"], timeout=SECONDS)) == 1


async def test_a_next_page_of_an_address_in_capitals_is_followed() -> None:
    async with scripted() as d365, client_of(d365.url.replace("127.0.0.1", "LOCALHOST")) as client:
        for following in ("/data/X?$skip=1", f"{d365.url.replace('127.0.0.1', 'localhost')}/data/X?$skip=1"):
            d365.steps = [page([row("C-1")], nextLink=following), page([row("C-2")])]
            cases = await client.read_cases_by_case_id("usmf", ["C-1", "C-2"], timeout=SECONDS)
            assert [case.case_id for case in cases] == ["C-1", "C-2"]


@pytest.mark.parametrize(
    ("environment", "link", "is_own"),
    [
        ("https://contoso.example", "https://contoso.example:443/data/X", True),
        ("https://contoso.example:443", "https://contoso.example/data/X", True),
        ("https://CONTOSO.example:443/", "HTTPS://Contoso.example/data/X", True),
        ("http://contoso.example", "http://contoso.example:80/data/X", True),
        ("https://contoso.example", "https://contoso.example:80/data/X", False),
        ("https://contoso.example", "http://contoso.example:443/data/X", False),
        ("https://contoso.example", "https://contoso.example.evil/data/X", False),
        ("https://contoso.example", "https://contoso.example:443@evil.example/data/X", False),
        ("https://contoso.example", "https://evil.example\\@contoso.example/data/X", False),
    ],
)
async def test_an_origin_is_the_same_however_its_port_and_letters_are_written(
    environment: str, link: str, *, is_own: bool
) -> None:
    asked: list[URL] = []

    class OnePageThenTheLast:
        async def send(self, _operation: str, _method: str, url: URL, **_: object) -> Answer:
            asked.append(url)
            document: dict[str, Any] = {"value": []} | ({"@odata.nextLink": link} if len(asked) == 1 else {})
            return Answer(200, CIMultiDictProxy(CIMultiDict()), b"", document, SupportIds.new())

    sets = EntitySets(cast("Wire", OnePageThenTheLast()), environment)
    with nullcontext() if is_own else pytest.raises(D365ForeignLink):
        _ = [one async for one in sets.pages("read", sets.url("X"), timeout=SECONDS)]
    assert len(asked) == (2 if is_own else 1)


async def test_a_next_page_with_another_user_in_it_is_refused() -> None:
    async with scripted() as d365, client_of(d365.url) as client:
        d365.steps = [page([], nextLink=d365.url.replace("//", "//eve:pw@") + "/data/X")]
        with pytest.raises(D365ForeignLink):
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=SECONDS)


async def test_a_link_that_nobody_follows_does_no_harm() -> None:
    """Behind a proxy D365 may write its own name: the poll goes by key, and the probe wants one row."""
    foreign = "https://d365.internal.invalid/data/X?$skip=1"
    async with scripted(page([row("C-1")], nextLink=foreign), page([])) as d365, client_of(d365.url) as client:
        pages = [cases async for cases in client.read_modified_since(START, page_size=9, timeout=SECONDS)]
        assert [[case.case_id for case in cases] for cases in pages] == [["C-1"]]
        d365.steps = [page([row("C-1")], nextLink=foreign)]
        await client.probe(timeout=SECONDS)
        with pytest.raises(D365ForeignLink, match=r"d365\.internal\.invalid"):
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=SECONDS)

    assert "CaseRecId gt 1" in d365.requests[1].query
    assert len(d365.requests) == 4


async def test_a_redirect_is_named_and_never_followed() -> None:
    elsewhere = answer(302, "", Location="http://elsewhere.invalid/data/X")
    async with scripted(elsewhere) as d365, client_of(d365.url) as client:
        with pytest.raises(D365NotOData, match="redirect"):
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=SECONDS)


async def test_a_page_that_names_itself_as_the_next_is_no_sure_answer() -> None:
    async with scripted(page([], nextLink="/data/X?$skip=1")) as d365, client_of(d365.url) as client:
        with pytest.raises(D365NotOData, match="same page"):
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=SECONDS)


async def test_a_missing_field_is_named() -> None:
    lacking = row("C-1")
    del lacking["CaseStatus"]
    async with scripted(page([lacking])) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Misconfigured, match="DealerPortalCases: the answer has no field CaseStatus"):
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=SECONDS)


async def test_a_field_of_another_kind_is_named_without_its_value() -> None:
    async with scripted(page([row("C-1", Priority={"a": "secret"})])) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Misconfigured, match="field Priority") as raised:
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=SECONDS)

    assert "secret" not in str(raised.value)


async def test_changes_are_read_by_key_in_the_same_order() -> None:
    async with scripted(page([row("C-1"), row("C-2")]), page([row("C-3")])) as d365, client_of(d365.url) as client:
        pages = [
            [case.case_id for case in cases]
            async for cases in client.read_modified_since(START, page_size=2, timeout=SECONDS)
        ]

    assert pages == [["C-1", "C-2"], ["C-3"]]
    first, second = (request.query for request in d365.requests)
    assert "$orderby=SysModifiedDateTime,CaseRecId&$top=2" in first
    assert "(SysModifiedDateTime gt 2026-01-01T00:00:00Z" in first
    assert "or (SysModifiedDateTime eq 2026-11-23T10:00:00Z and CaseRecId gt 2)" in second


async def test_a_time_with_more_digits_than_ours_carries_the_reader_forward() -> None:
    same = "2026-11-23T10:00:00.1234567Z"
    pages = (
        page([row("C-3", SysModifiedDateTime=same), row("C-4", SysModifiedDateTime=same)]),
        page([row("C-5", SysModifiedDateTime=same), row("C-1", SysModifiedDateTime="2026-11-23T10:00:00.1234569Z")]),
        page([]),
    )
    async with scripted(*pages) as d365, client_of(d365.url) as client:
        read = [
            case.case_id
            async for cases in client.read_modified_since(START, page_size=2, timeout=SECONDS)
            for case in cases
        ]

    assert read == ["C-3", "C-4", "C-5", "C-1"]
    _, second, third = (request.query for request in d365.requests)
    assert f"(SysModifiedDateTime gt {same}) or (SysModifiedDateTime eq {same} and CaseRecId gt 4)" in second
    assert "SysModifiedDateTime gt 2026-11-23T10:00:00.1234569Z" in third


@pytest.mark.parametrize("empty", ["1900-01-01T00:00:00Z", "1900-01-01T12:00:00Z"])
async def test_a_case_without_a_modified_time_carries_the_reader_forward(empty: str) -> None:
    beginning = ModifiedKey(datetime(1900, 1, 1, tzinfo=UTC), 0)
    pages = page([row("C-1"), row("C-2")]), page([row("C-3")])
    old = page([row("C-8", SysModifiedDateTime=empty), row("C-9", SysModifiedDateTime=empty)])
    async with scripted(old, *pages) as d365, client_of(d365.url) as client:
        read = [
            case
            async for cases in client.read_modified_since(beginning, page_size=2, timeout=SECONDS)
            for case in cases
        ]

    assert [case.case_id for case in read] == ["C-8", "C-9", "C-1", "C-2", "C-3"]
    assert [case.modified_at is None for case in read] == [True, True, False, False, False]
    assert f"(SysModifiedDateTime eq {empty} and CaseRecId gt 9)" in d365.requests[1].query


async def test_a_reader_that_cannot_advance_says_so() -> None:
    same = [row("C-1"), row("C-2")]
    async with scripted(page(same)) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Misconfigured, match="same page again"):
            _ = [cases async for cases in client.read_modified_since(START, page_size=2, timeout=SECONDS)]


async def test_after_a_401_a_read_tries_one_fresh_token() -> None:
    async with scripted(answer(401), page([])) as d365, client_of(d365.url) as client:
        await client.probe(timeout=SECONDS)

    assert len(d365.token_requests) == 2


async def test_retry_after_is_reported() -> None:
    async with scripted(answer(429, "", Retry_After="3")) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Throttled) as raised:
            await client.probe(timeout=SECONDS)

    assert raised.value.retry_after == 3


@pytest.mark.parametrize("read", ["find_by_web_case_id", "find_by_case_id", "read_cases_by_case_id", "find_anywhere"])
async def test_a_failure_has_what_d365_answered_before(read: str) -> None:
    asked = [f"C-{number}" for number in range(20)]
    area = () if read == "find_anywhere" else ("usmf",)
    controls: dict[str, list[str]] = {"control_case_ids": []} if read.startswith("find_by") else {}
    first = page([row("C-3", "C-3")])
    async with scripted(first, answer(503)) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Unavailable) as raised:
            await getattr(client, read)(*area, asked, **controls, timeout=SECONDS)

    assert set(raised.value.answered.found) == {"C-3"}
    assert raised.value.answered.keys == set(asked[:15])


async def test_a_control_that_d365_cannot_write_hides_no_case() -> None:
    broken, found = answer(500, odata_error("x")), page([row("C-1", "W1")])
    async with scripted(broken, found) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1", "W2"], control_case_ids=["C-0", "C-9"], timeout=SECONDS)

    assert [case.case_id for case in read.found["W1"]] == ["C-1"]
    assert not read.is_surely_absent("W2")
    assert "C-0" not in d365.requests[1].query


@pytest.mark.parametrize("controls", [[], ["C-0", "C-9"]])
async def test_a_d365_that_is_down_is_asked_few_times_more(controls: list[str]) -> None:
    asked = [f"W{number}" for number in range(40)]
    async with scripted(answer(500, odata_error("x"))) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Unavailable):
            await client.find_by_web_case_id("usmf", asked, control_case_ids=controls, timeout=SECONDS)

    # The share, once more without its controls, and one row of any case.
    assert len(d365.requests) == 2 + bool(controls)
    assert "$top=1&" in d365.requests[-1].query

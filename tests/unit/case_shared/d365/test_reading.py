import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from case_shared.d365.errors import (
    D365Error,
    D365Forbidden,
    D365Misconfigured,
    D365NotOData,
    D365Throttled,
    D365Unauthorized,
    D365Unavailable,
)
from case_shared.d365.mapping import Mapping
from case_shared.d365.models import ModifiedKey
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

NAMES = [name for name in Mapping().case.fields.by_ours().values() if name != "Notes"]
START = ModifiedKey(datetime(2026, 1, 1, tzinfo=UTC), "", "")


def row(case_id: str, web_case_id: str = "", **changes: Any) -> dict[str, Any]:
    empty = dict.fromkeys(NAMES, "")
    modified = {"ModifiedDateAndTime": "2026-11-23T10:00:00Z", "CaseStatus": "Planned", "dataAreaId": "usmf"}
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
        pytest.param(then_hang_up(page([])[:-3]), D365Unavailable, id="cut off"),
        pytest.param(hang_up, D365Unavailable, id="hangs up"),
        pytest.param(silence, D365Unavailable, id="time-out"),
    ],
)
async def test_no_sure_answer_is_a_typed_error(step: Step, error: type[D365Error]) -> None:
    async with scripted(step) as d365, client_of(d365.url) as client:
        with pytest.raises(error) as raised:
            await client.find_by_web_case_id("usmf", ["W1"], control_case_ids=["C-0"], timeout=0.3)

    assert "find cases" in str(raised.value)


async def test_a_read_back_asks_for_many_with_the_control_in_the_same_request() -> None:
    async with scripted(page([row("C-1", "w1"), row("C-2", "W1"), row("C-0")])) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1", "W'2"], control_case_ids=["C-0"], timeout=2)

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
        read = await client.find_by_web_case_id("usmf", ["W1"], control_case_ids=["C-0"], timeout=2)

    assert not read.is_surely_absent("W1")


async def test_cases_of_other_legal_entities_are_not_found() -> None:
    async with scripted(page([row("C-1", "W1", dataAreaId="dat")])) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", ["W1"], control_case_ids=[], timeout=2)

    assert read.found == {}


async def test_a_big_read_back_goes_in_shares_each_with_its_own_control() -> None:
    asked = [f"W{number:09}" for number in range(150)]
    async with scripted(page([row("C-0")]), page([])) as d365, client_of(d365.url) as client:
        read = await client.find_by_web_case_id("usmf", asked, control_case_ids=["C-0"], timeout=2)

    assert len(d365.requests) == 2
    assert all("CaseId eq 'C-0'" in request.query for request in d365.requests)
    assert read.is_surely_absent(asked[0])
    assert not read.is_surely_absent(asked[-1])


async def test_next_pages_are_followed_on_the_same_origin() -> None:
    async with scripted() as d365, client_of(d365.url) as client:
        following = f"{d365.url}/data/DealerPortalCases?cross-company=true&$skip=1"
        d365.steps = [page([row("C-1")], nextLink=following), page([row("C-2"), row("*")])]
        cases = await client.read_cases_by_case_id("usmf", ["C-1", "c-2"], timeout=2)

    assert [case.case_id for case in cases] == ["C-1", "C-2"]
    assert d365.requests[1].query == "cross-company=true&$skip=1"


async def test_the_token_is_never_sent_to_another_origin() -> None:
    async with scripted(page([], nextLink="http://elsewhere.invalid/data/X")) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Misconfigured, match=r"elsewhere\.invalid"):
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=2)


async def test_a_page_that_names_itself_as_the_next_is_no_sure_answer() -> None:
    async with scripted(page([], nextLink="/data/X?$skip=1")) as d365, client_of(d365.url) as client:
        with pytest.raises(D365NotOData, match="same page"):
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=2)


async def test_a_missing_field_is_named() -> None:
    lacking = row("C-1")
    del lacking["CaseStatus"]
    async with scripted(page([lacking])) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Misconfigured, match="DealerPortalCases: an answer without field CaseStatus"):
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=2)


async def test_a_field_of_another_kind_is_named_without_its_value() -> None:
    async with scripted(page([row("C-1", Priority={"a": "secret"})])) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Misconfigured, match="field Priority") as raised:
            await client.read_cases_by_case_id("usmf", ["C-1"], timeout=2)

    assert "secret" not in str(raised.value)


async def test_changes_are_read_by_key_in_the_same_order() -> None:
    async with scripted(page([row("C-1"), row("C-2")]), page([row("C-3")])) as d365, client_of(d365.url) as client:
        pages = [
            [case.case_id for case in cases]
            async for cases in client.read_modified_since(START, page_size=2, timeout=2)
        ]

    assert pages == [["C-1", "C-2"], ["C-3"]]
    first, second = (request.query for request in d365.requests)
    assert "$orderby=ModifiedDateAndTime,dataAreaId,CaseId&$top=2" in first
    assert "ModifiedDateAndTime gt 2026-01-01T00:00:00Z" in first
    assert "dataAreaId eq 'usmf' and CaseId gt 'C-2'" in second


async def test_a_reader_that_cannot_advance_says_so() -> None:
    same = [row("C-1"), row("C-2")]
    async with scripted(page(same)) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Misconfigured, match="same page again"):
            _ = [cases async for cases in client.read_modified_since(START, page_size=2, timeout=2)]


async def test_after_a_401_a_read_tries_one_fresh_token() -> None:
    async with scripted(answer(401), page([])) as d365, client_of(d365.url) as client:
        await client.probe(timeout=2)

    assert len(d365.token_requests) == 2


async def test_retry_after_is_told() -> None:
    async with scripted(answer(429, "", Retry_After="3")) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Throttled) as raised:
            await client.probe(timeout=2)

    assert raised.value.retry_after == 3

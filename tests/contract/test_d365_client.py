"""Our D365 client against the sandbox, a real process with D365's documented protocol."""

import asyncio
import tracemalloc
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from yarl import URL

from case_shared.d365.answers import (
    CreateAnswer,
    Created,
    Forbidden,
    Misconfigured,
    NotSent,
    Rejected,
    Throttled,
    Unauthorized,
    Unknown,
)
from case_shared.d365.client import D365Client
from case_shared.d365.errors import (
    D365Error,
    D365Forbidden,
    D365NotOData,
    D365Throttled,
    D365Unavailable,
    D365UnusableKey,
)
from case_shared.d365.mapping import Mapping
from case_shared.d365.matching import is_ours
from case_shared.d365.models import AbsenceProof, CaseToCreate, DocumentFailure, LookUpAnswer, ModifiedKey
from case_shared.d365.reading import EntitySets
from case_shared.d365.session import open_client
from case_shared.d365.settings import D365Settings
from case_shared.process.clock import SystemClock
from case_shared.words.identifiers import new_web_case_id
from tests.support.patience import PATIENCE
from tests.support.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, started

START = ModifiedKey(datetime(2000, 1, 1, tzinfo=UTC), 0)
WITH_QUEUE = Mapping.model_validate({"document_queue": {"entity_set": "DocumentQueueLogs"}})


@asynccontextmanager
async def client_of(
    d365: Sandbox, mapping: Mapping = WITH_QUEUE, *, secret: str = CLIENT_SECRET
) -> AsyncIterator[D365Client]:
    given = {name.lower(): value for name, value in d365.environment().items()}
    settings = D365Settings.model_validate({**given, "d365_client_secret": secret})
    async with open_client(settings, mapping, SystemClock(), limit=50) as client:
        yield client


@pytest_asyncio.fixture
async def client(d365: Sandbox) -> AsyncIterator[D365Client]:
    async with client_of(d365) as client:
        yield client


def a_case(**changes: Any) -> CaseToCreate:
    content = {
        "data_area_id": "usmf",
        "web_case_id": new_web_case_id(),
        "submission_id": uuid.uuid4(),
        "customer_account": "US-001",
        "category": "Breakdown",
        "category_type": "Service",
        "priority": "High",
        "description": "Loader's pump leaks: 50 % off & it's «urgent»",
        "contact_name": "Ada",
        "notes": "first line\nsecond line",
        "created_by": "ada@dealer.example",
    }
    return CaseToCreate.model_validate(content | changes)


async def created(client: D365Client, case: CaseToCreate) -> str:
    answer = await client.create_case(case, timeout=10)
    assert isinstance(answer, Created), answer
    return answer.case_id


async def look_up(client: D365Client, case: CaseToCreate, *controls: str) -> LookUpAnswer:
    return await client.find_by_web_case_id(
        case.data_area_id, [case.web_case_id], control_case_ids=controls, timeout=10
    )


@pytest.mark.parametrize("key", ["*", "CASE-*", "a\nb", "x" * 101])
async def test_a_key_that_matches_others_is_never_asked_for(client: D365Client, d365: Sandbox, key: str) -> None:
    await client.probe(timeout=10)
    await d365.control("DELETE", "/counters")

    for read in (
        client.read_cases_by_case_id("usmf", ["CASE-000001", key], timeout=10),
        client.read_cases_by_case_id(key, ["CASE-000001"], timeout=10),
        client.find_by_web_case_id("usmf", [key], control_case_ids=[], timeout=10),
        client.find_by_web_case_id(key, ["W1"], control_case_ids=[], timeout=10),
        client.find_by_web_case_id("usmf", ["W1"], control_case_ids=[key], timeout=10),
        client.search_cases(key, "US-001", "", most=5, timeout=10),
    ):
        with pytest.raises(D365UnusableKey):
            await read
    assert (await d365.control("GET", "/counters"))["by_operation"] == {}


async def test_thousands_of_cases_are_read_in_the_room_of_a_page(tmp_path: Path) -> None:
    async with started(tmp_path) as own, client_of(own) as client:
        own.fill(5_000)
        await client.probe(timeout=10)
        tracemalloc.start()
        try:
            read = 0
            async for page in client.read_modified_since(START, page_size=500, timeout=20):
                read += len(page)
            after, counted = 0, 0
            while cases := await client.read_web_cases(after, page_size=500, timeout=20):
                counted += len(cases)
                after = cases[-1].rec_id or 0
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert read >= counted >= 5_000
    # A page of 500 takes about 3 MB while it is decoded; all cases at once would take ten times that.
    assert peak < 12_000_000


async def test_what_was_created_is_found_and_ours(client: D365Client) -> None:
    sent = a_case()
    case_id = await created(client, sent)

    [found] = (await look_up(client, sent)).found[sent.web_case_id]
    assert found.case_id == case_id
    assert is_ours(found, sent, by_submission_id=True)
    assert is_ours(found, sent, by_submission_id=False)
    assert not is_ours(found, a_case(web_case_id=sent.web_case_id), by_submission_id=True)


async def test_many_at_once_arrive_once_each_and_are_found_in_one_request(client: D365Client) -> None:
    sent = [a_case() for _ in range(50)]
    answers = await asyncio.gather(*(client.create_case(case, timeout=20) for case in sent))
    case_ids = {answer.case_id for answer in answers if isinstance(answer, Created)}
    asked = [case.web_case_id for case in sent]
    read = await client.find_by_web_case_id("usmf", asked, control_case_ids=sorted(case_ids)[:1], timeout=10)

    assert len(case_ids) == 50
    assert set(read.found) == set(asked)
    assert all(len(cases) == 1 for cases in read.found.values())
    assert read.proofs == dict.fromkeys(asked, AbsenceProof.BY_KNOWN_CASE)


async def test_what_was_answered_before_a_failure_comes_with_it(client: D365Client, d365: Sandbox) -> None:
    sent = [a_case() for _ in range(40)]
    case_ids = [await created(client, case) for case in sent]
    asked = [case.web_case_id for case in sent]
    await d365.fault(kind="rate_limit", operation="read", limit=2, per_seconds=3600)

    with pytest.raises(D365Throttled) as raised:
        await client.find_by_web_case_id("usmf", asked, control_case_ids=case_ids[:1], timeout=10)

    answered = raised.value.answered
    assert set(answered.found) == set(answered.proofs) == set(asked[:28])


async def test_not_there_is_sure_only_with_a_control_in_the_same_answer(client: D365Client, d365: Sandbox) -> None:
    known, absent = await created(client, a_case()), a_case()

    assert (await look_up(client, absent, known)).is_surely_absent(absent.web_case_id)
    assert not (await look_up(client, absent)).is_surely_absent(absent.web_case_id)
    assert not (await look_up(client, absent, "CASE-999999")).is_surely_absent(absent.web_case_id)
    await d365.fault(kind="empty_list", operation="read")
    assert not (await look_up(client, absent, known)).is_surely_absent(absent.web_case_id)


async def test_every_read_asks_all_companies(client: D365Client, d365: Sandbox) -> None:
    german = a_case(data_area_id="demf", customer_account="DE-001")
    await d365.control("DELETE", "/counters")
    case_id = await created(client, german)

    await look_up(client, german, case_id)
    await client.read_cases_by_case_id("demf", [case_id], timeout=10)
    await client.probe(timeout=10)
    await client.preflight(timeout=10)

    asked = [
        one["query"] for one in (await d365.control("GET", "/requests?limit=50"))["items"] if one["method"] == "GET"
    ]
    assert len(asked) >= 6
    assert [query for query in asked if "cross-company=true" not in query] == []


async def test_an_answer_of_the_default_company_alone_proves_nothing(
    client: D365Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, known = (a_case(data_area_id="demf", customer_account="DE-001") for _ in range(2))
    control = await created(client, known)
    await created(client, sent)
    url = EntitySets.url

    def in_one_company(sets: EntitySets, resource: str, **options: str | int | None) -> URL:
        return URL(
            str(url(sets, resource, **options)).replace("cross-company=true", "cross-company=false"), encoded=True
        )

    # As behind a gateway that drops unknown parameters: D365 answers 200, for its default company.
    monkeypatch.setattr(EntitySets, "url", in_one_company)
    read = await look_up(client, sent, control)

    assert read.found == {}
    assert not read.is_surely_absent(sent.web_case_id)


async def test_legal_entities_are_kept_apart(client: D365Client) -> None:
    german = a_case(data_area_id="demf", customer_account="DE-001")
    await created(client, german)

    assert german.web_case_id in (await look_up(client, german)).found
    assert (await look_up(client, german.model_copy(update={"data_area_id": "usmf"}))).found == {}


async def test_a_refusal_by_d365s_rules_has_a_reason(client: D365Client) -> None:
    answer = await client.create_case(a_case(category="No such category"), timeout=10)

    assert isinstance(answer, Rejected)
    assert answer.status == 400
    assert "No such category" in answer.reason
    assert "validateWrite" not in answer.reason
    assert "validateWrite" in answer.full_text


async def test_a_second_case_with_the_same_web_case_id_is_refused(client: D365Client) -> None:
    sent = a_case()
    await created(client, sent)

    assert isinstance(await client.create_case(sent, timeout=10), Rejected)
    assert len((await look_up(client, sent)).found[sent.web_case_id]) == 1


@pytest.mark.parametrize(
    ("fault", "expected", "is_there"),
    [
        pytest.param({"kind": "reject"}, Rejected, False, id="reject"),
        pytest.param({"kind": "status", "status": 500, "body": "odata"}, Rejected, False, id="500 with OData"),
        pytest.param({"kind": "status", "status": 500, "body": "html"}, Unknown, False, id="500 with a page"),
        pytest.param(
            {"kind": "status", "status": 500, "body": "none", "when": "after_commit"}, Unknown, True, id="500, written"
        ),
        pytest.param({"kind": "status", "status": 401}, Unauthorized, False, id="401"),
        pytest.param({"kind": "status", "status": 403}, Forbidden, False, id="403"),
        pytest.param({"kind": "status", "status": 404}, Misconfigured, False, id="404"),
        pytest.param({"kind": "status", "status": 408}, Unknown, False, id="408"),
        pytest.param({"kind": "status", "status": 429, "retry_after_seconds": 5}, Throttled, False, id="429"),
        pytest.param({"kind": "status", "status": 503, "when": "after_commit"}, Unknown, True, id="503, written"),
        pytest.param({"kind": "html"}, Unknown, False, id="page"),
        pytest.param({"kind": "redirect", "when": "after_commit"}, Unknown, True, id="redirect, written"),
        pytest.param({"kind": "not_json"}, Unknown, True, id="broken JSON"),
        pytest.param({"kind": "no_case_id"}, Unknown, True, id="no Case ID"),
        pytest.param({"kind": "drop"}, Unknown, False, id="dropped"),
        pytest.param({"kind": "drop", "when": "after_commit"}, Unknown, True, id="dropped, written"),
        pytest.param({"kind": "hang"}, Unknown, False, id="hangs"),
        pytest.param({"kind": "hang", "when": "after_commit"}, Unknown, True, id="hangs, written"),
    ],
)
async def test_every_fault_has_its_outcome_and_a_look_up_finds_the_truth(
    client: D365Client, d365: Sandbox, fault: dict[str, Any], expected: type[CreateAnswer], is_there: bool
) -> None:
    known, sent = await created(client, a_case()), a_case()
    await d365.fault(operation="create", **fault)

    answer = await client.create_case(sent, timeout=long_enough(fault))
    read = await look_up(client, sent, known)

    assert isinstance(answer, expected), answer
    assert (sent.web_case_id in read.found) is is_there
    assert read.is_surely_absent(sent.web_case_id) is not is_there


def long_enough(fault: dict[str, Any]) -> float:
    """Seconds to wait for an answer under `fault`; if D365 hangs, for it to take the request."""
    return PATIENCE if fault["kind"] == "hang" else 10 * PATIENCE


async def test_d365_down_means_nothing_sent(tmp_path: Path) -> None:
    async with started(tmp_path) as own, client_of(own) as client:
        await created(client, a_case())
        own.process.kill()
        # The first may still use the kept-alive connection; the second finds no listener.
        await client.create_case(a_case(), timeout=5)
        assert isinstance(await client.create_case(a_case(), timeout=5), NotSent)


async def test_a_wrong_secret_is_unauthorized(d365: Sandbox) -> None:
    async with client_of(d365, secret="wrong") as client:
        assert isinstance(await client.create_case(a_case(), timeout=5), Unauthorized)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 429, "retry_after_seconds": 5}, D365Throttled),
        ({"kind": "status", "status": 403}, D365Forbidden),
        ({"kind": "status", "status": 500}, D365Unavailable),
        ({"kind": "html"}, D365NotOData),
        ({"kind": "redirect"}, D365NotOData),
        ({"kind": "not_json"}, D365NotOData),
        ({"kind": "drop"}, D365Unavailable),
        ({"kind": "hang"}, D365Unavailable),
    ],
)
async def test_a_read_without_a_sure_answer_raises(
    client: D365Client, d365: Sandbox, fault: dict[str, Any], error: type[D365Error]
) -> None:
    await d365.fault(operation="read", **fault)

    with pytest.raises(error):
        await client.probe(timeout=long_enough(fault))


async def test_status_changes_are_read_by_case_id(client: D365Client, d365: Sandbox) -> None:
    case_id = await created(client, a_case())
    await d365.move("usmf", case_id, "InProcess")

    [case] = await client.read_cases_by_case_id("usmf", [case_id, "CASE-999999"], timeout=10)
    assert case.status == "InProcess"
    assert case.modified_at is not None


@pytest.mark.parametrize("page_size", [1, 2, 1000])
async def test_the_reconciliation_read_gives_every_case_once(client: D365Client, page_size: int) -> None:
    sent = [await created(client, a_case()) for _ in range(5)]
    pages = [page async for page in client.read_modified_since(START, page_size=page_size, timeout=10)]

    read = [(case.data_area_id, case.case_id) for page in pages for case in page]
    assert len(read) == len(set(read))
    assert {("usmf", case_id) for case_id in sent} < set(read)
    assert {area for area, _ in read} == {"usmf", "demf"}


async def test_the_reconciliation_read_goes_on_where_it_was(client: D365Client) -> None:
    async def read(since: ModifiedKey) -> list[ModifiedKey]:
        pages = client.read_modified_since(since, page_size=100, timeout=10)
        return [
            ModifiedKey(case.modified_at, case.rec_id)
            async for page in pages
            for case in page
            if case.modified_at and case.rec_id
        ]

    everything = await read(START)
    assert len(everything) > 1
    assert await read(everything[0]) == everything[1:]
    assert await read(everything[-1]) == []


async def test_set_up_data_is_read_over_d365s_own_pages(tmp_path: Path) -> None:
    async with started(tmp_path, max_page_size="3") as own, client_of(own) as client:
        customers = [page async for page in client.read_customers(timeout=10)]
        categories = [one async for page in client.read_categories(timeout=10) for one in page]
        priorities = [one async for page in client.read_priorities(timeout=10) for one in page]

    assert [len(page) for page in customers] == [3, 3, 3, 1]
    assert {(one.data_area_id, one.customer_account) for page in customers for one in page} >= {("usmf", "US-001")}
    assert ("usmf", "Service", "Breakdown") in {
        (one.data_area_id, one.category_type, one.category) for one in categories
    }
    assert ("demf", "High") in {(one.data_area_id, one.priority) for one in priorities}


async def test_the_mapping_filters_customers(d365: Sandbox) -> None:
    mapping = Mapping.model_validate({"customers": {"filter": "CustomerAccount eq 'US-00*'"}})
    async with client_of(d365, mapping) as client:
        customers = [one async for page in client.read_customers(timeout=10) for one in page]

    assert {one.data_area_id for one in customers} == {"usmf"}


async def test_a_right_mapping_passes_the_preflight(client: D365Client) -> None:
    assert await client.preflight(timeout=10) == ()


async def test_the_preflight_names_what_d365_does_not_have(d365: Sandbox) -> None:
    mapping = Mapping.model_validate(
        {
            "case": {"fields": {"web_case_id": "PortalNumber", "notes": "Memo"}},
            "priorities": {"entity_set": "CasePrios"},
            "customers": {"filter": "Nonsense"},
        }
    )
    async with client_of(d365, mapping) as client:
        problems = [str(problem) for problem in await client.preflight(timeout=10)]

    named = [problem.partition(" (4")[0] for problem in problems]
    assert named == [
        "mapping [case]: field PortalNumber of DealerPortalCases: D365 has no such field, or it is private",
        "mapping [case]: field Memo of DealerPortalCases: D365 has no such field, or it is private",
        "mapping [priorities]: entity set CasePrios: D365 has no such entity set",
        "mapping [customers]: entity set CustomersV3: D365 rejects its filter",
    ]


async def test_an_unknown_entity_set_is_configuration_and_creates_nothing(d365: Sandbox) -> None:
    async with client_of(d365, Mapping.model_validate({"case": {"entity_set": "Nothing"}})) as client:
        assert isinstance(await client.create_case(a_case(), timeout=5), Misconfigured)


async def test_a_failure_is_logged_once_in_d365s_own_document_queue(client: D365Client, d365: Sandbox) -> None:
    failure = DocumentFailure(
        data_area_id="usmf",
        document_id="W'123456789-1",
        web_case_id="W123456789",
        submission_id=uuid.uuid4(),
        customer_account="US-001",
        state="failed",
        cause="rejected",
        reason="The category is not active.",
    )
    assert await client.log_document_failure(failure, timeout=10)
    assert await client.log_document_failure(failure.model_copy(update={"state": "discarded"}), timeout=10)

    [row] = [row for row in await logged(d365) if row["LogId"] == failure.document_id]
    assert (row["State"], row["Message"]) == ("discarded", failure.reason)


async def test_without_a_document_queue_nothing_is_logged(d365: Sandbox) -> None:
    failure = DocumentFailure(
        data_area_id="usmf",
        document_id="W123456789-1",
        web_case_id="W123456789",
        submission_id=uuid.uuid4(),
        customer_account="US-001",
        state="failed",
        cause="rejected",
        reason="No",
    )
    async with client_of(d365, Mapping()) as client:
        assert not await client.log_document_failure(failure, timeout=10)

    assert await logged(d365) == []


async def logged(d365: Sandbox) -> list[dict[str, Any]]:
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scope": f"{d365.url}/.default",
    }
    async with d365.session.post(f"{d365.url}/oauth2/v2.0/token", data=form) as response:
        token = (await response.json())["access_token"]
    url = f"{d365.url}/data/DocumentQueueLogs?cross-company=true"
    async with d365.session.get(url, headers={"Authorization": f"Bearer {token}"}) as response:
        rows: list[dict[str, Any]] = (await response.json())["value"]
        return rows

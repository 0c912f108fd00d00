"""The ledger compared with D365's own cases."""

import asyncio
import math
from typing import Any

import pytest
from prometheus_client import REGISTRY

from case_shared.d365.mapping import Mapping
from d365_sync.app import ledger_d365
from d365_sync.metrics import Measure
from d365_sync.postgres.checks import PostgresChecks
from d365_sync.postgres.control import PostgresControl
from d365_sync.postgres.queries import Queries
from tests.integration.d365_sync.conftest import Queue, known_case, submitted
from tests.integration.d365_sync.operators import Api, Json
from tests.support import dead_letters
from tests.support.sandbox import Sandbox

SUBMISSION = """
WITH written AS (
    INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase)
    VALUES ($1, 'usmf-us-001', 'usmf', 'US-001', 'portal', 'submitted') RETURNING web_case_id
)
INSERT INTO case_api.submissions (web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account,
    content, created_by, submitted_by, submitted_at)
SELECT web_case_id, 1, $2, 'usmf-us-001', 'usmf', 'US-001', '{}', 'ann', 'ann', now() FROM written
"""
NOTHING = {"count": 0, "web_case_ids": []}
AGED = "UPDATE documents SET submitted_at = now() - interval '6 minutes', changed_at = now() - interval '6 minutes'"
MADE: Json = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "CaseCategory": "Warranty", "CategoryType": "Service"}


async def compared(api: Api) -> Json:
    found: Json = (await api.get("/ledger", d365="true"))["d365"]
    return found


async def delivered(queue: Queue, count: int) -> list[str]:
    await known_case(queue)
    events = [submitted() for _ in range(count - 1)]
    await queue.take_in(*events)
    for event in events:
        await queue.until(event, "delivered")
    return sorted(row["web_case_id"] for row in await queue.pool.fetch("SELECT web_case_id FROM documents"))


async def land(d365: Sandbox, queue: Queue, web_case_id: str, **changes: Any) -> None:
    """A case in D365 as the document's submission would have created it."""
    row = await queue.pool.fetchrow("SELECT * FROM documents WHERE web_case_id = $1", web_case_id)
    assert row is not None
    own = {"CustomerAccount": row["customer_account"], "SubmissionId": str(row["submission_id"])}
    await d365.control("POST", "/cases", {**MADE, "WebCaseId": web_case_id, **own, **changes})


async def test_books_that_agree_are_compared_page_by_page(
    api: Api, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_d365, "_D365_PAGE", 4)
    monkeypatch.setattr(ledger_d365, "_COMPARED_PAGE", 4)
    monkeypatch.setattr(ledger_d365, "_BOOKS_PAGE", 3)
    await delivered(queue, 10)
    await queue.pool.execute(AGED)

    assert await compared(api) == {
        "cases": 10,
        "delivered_not_found": NOTHING,
        "found_not_delivered": NOTHING,
        "found_twice": NOTHING,
    }
    assert await queue.pool.fetchval("SELECT count(*) FROM found_cases") == 0


@pytest.mark.parametrize("pages", [(1000, 1000), (2, 2), (3, 1)])
async def test_each_deviation_is_counted_and_named(
    api: Api, queue: Queue, d365: Sandbox, monkeypatch: pytest.MonkeyPatch, pages: tuple[int, int]
) -> None:
    monkeypatch.setattr(ledger_d365, "_D365_PAGE", pages[0])
    monkeypatch.setattr(ledger_d365, "_COMPARED_PAGE", pages[0])
    monkeypatch.setattr(ledger_d365, "_BOOKS_PAGE", pages[1])
    kept = await delivered(queue, 3)
    async with queue.database.connect() as connection:
        landed, failed, other, lost, linked, gone = await dead_letters.insert(connection, 6)
    await land(d365, queue, landed)
    await land(d365, queue, other, SubmissionId="5f0c0c0e-0000-4000-8000-000000000001")
    by_phone = await d365.control("POST", "/cases", MADE)
    now_delivered = "UPDATE documents SET state = 'delivered', case_id = $2 WHERE web_case_id = $1"
    await queue.pool.execute(now_delivered, lost, "CASE-LOST")
    await queue.pool.execute(now_delivered, linked, by_phone["CaseId"])
    # A case with a Web Case ID of ours without a document.
    stranger = submitted().web_case_id
    await d365.control("POST", "/cases", {**MADE, "WebCaseId": stranger})
    await d365.control("POST", "/cases", {**MADE, "WebCaseId": "W-BY-HAND"})
    await queue.pool.execute(AGED)

    found = await api.get("/ledger", d365="true")

    assert found["adds_up"] is False
    assert found["d365"] == {
        "cases": len(kept) + 3,
        "delivered_not_found": {"count": 1, "web_case_ids": [lost]},
        "found_not_delivered": {"count": 2, "web_case_ids": found["d365"]["found_not_delivered"]["web_case_ids"]},
        "found_twice": NOTHING,
    }
    assert set(found["d365"]["found_not_delivered"]["web_case_ids"]) == {landed, stranger}
    assert {failed, other, gone}.isdisjoint(found["d365"]["found_not_delivered"]["web_case_ids"])


async def test_what_is_in_flight_raises_no_alarm(api: Api, queue: Queue, d365: Sandbox) -> None:
    await delivered(queue, 1)
    async with queue.database.connect() as connection:
        landed, lost = await dead_letters.insert(connection, 2)
    await land(d365, queue, landed)
    await queue.pool.execute(
        "UPDATE documents SET state = 'delivered', case_id = 'CASE-LOST' WHERE web_case_id = $1", lost
    )

    found = await compared(api)

    assert (found["cases"], found["delivered_not_found"], found["found_not_delivered"]) == (2, NOTHING, NOTHING)
    whole = (await api.get("/ledger", d365="true", older_than_seconds=0))["d365"]
    assert whole["delivered_not_found"]["web_case_ids"] == [lost]
    assert whole["found_not_delivered"]["web_case_ids"] == [landed]


async def test_traffic_beside_it_raises_no_alarm(api: Api, queue: Queue) -> None:
    """A document always follows its submission, so a snapshot never shows it alone."""
    began, ledgers = asyncio.Event(), []

    async def traffic() -> None:
        async with queue.database.connect() as connection:
            for _ in range(50):
                event = submitted()
                await connection.execute(SUBMISSION, event.web_case_id, event.submission_id)
                await queue.take_in(event)
                began.set()

    async with asyncio.TaskGroup() as group:
        busy = group.create_task(traffic())
        await began.wait()
        while not busy.done():
            ledgers.append(await api.get("/ledger"))

    assert len(ledgers) > 3
    assert all(found["adds_up"] for found in ledgers)
    assert {found["without_submission"] for found in ledgers} == {0}
    assert ledgers[-1]["younger"] > ledgers[0]["younger"]


async def forget_submissions(queue: Queue) -> None:
    """As if case-api's tables had been restored to an earlier time than ours."""
    async with queue.database.connect() as connection:
        await connection.execute("TRUNCATE case_api.submissions")


async def test_the_leader_alone_reports_the_metric(queue: Queue) -> None:
    def gauge(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(name, labels)

    await known_case(queue)
    await forget_submissions(queue)
    measure = Measure(PostgresControl(queue.pool), Queries(queue.pool), PostgresChecks(queue.pool, "", Mapping()))
    await measure.ledger()
    assert gauge("d365_sync_ledger_adds_up") == 0
    assert gauge("d365_sync_ledger_misplaced", kind="without_submission") == 1

    measure.forget_ledger()

    assert math.isnan(gauge("d365_sync_ledger_adds_up") or 0)
    assert gauge("d365_sync_ledger_misplaced", kind="without_submission") is None


@pytest.mark.parametrize("fault", [{"kind": "outage", "status": 503}, {"kind": "html", "operation": "read"}])
async def test_without_d365_there_is_a_problem_and_no_zero(api: Api, queue: Queue, d365: Sandbox, fault: Json) -> None:
    await delivered(queue, 1)
    await d365.fault(**fault)

    problem = await api.get("/ledger", status=503, d365="true")

    assert problem["type"].endswith("unavailable")
    assert "gave no answer" in problem["detail"]
    assert "d365" not in await api.get("/ledger")

"""A second case of one submission in D365: found by poll and event, an alarm in the flow, and resolved permanently."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from case_shared.process.clock import SystemClock
from case_shared.words.actor import Actor
from case_shared.words.events import CaseStatusChanged
from d365_sync.app.operator_actions import NotAllowed, Order
from d365_sync.domain.document import Action, DocumentId
from d365_sync.domain.flow import Kind, Verdict
from d365_sync.postgres import documents
from d365_sync.postgres.documents import PostgresDocuments
from d365_sync.postgres.flow import PostgresFlow
from d365_sync.postgres.intake import take_evidence
from d365_sync.postgres.operator_actions import PostgresOperatorActions
from d365_sync.postgres.outbox import OUTBOX, event_of
from tests.integration.status_sync.conftest import Submitted, World
from tests.integration.status_sync.test_consumers import note_delivery_records
from tests.support.sandbox import Sandbox, started

DELIVERED = (
    "INSERT INTO d365_sync.documents (web_case_id, submission_no, submission_id, dealer, data_area_id,"
    " customer_account, created_by, submitted_at, read_back_first, state, case_id)"
    " VALUES ($1, 1, $2, 'usmf-us-001', 'usmf', 'US-001', 'dora', now(), false, 'delivered', $3)"
)
DUE = (
    "INSERT INTO status_sync.due_reads (data_area_id, key_kind, key, due_at) VALUES ('usmf', 'case_id', $1, now())"
    " ON CONFLICT (data_area_id, key_kind, key) DO UPDATE SET due_at = now()"
)


@pytest_asyncio.fixture
async def d365(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """D365 without its unique index."""
    async with started(tmp_path, unique_web_case_id="false") as running:
        yield running


async def pair(world: World) -> tuple[Submitted, str, str]:
    """A delivered case that D365 has twice; the portal follows the first."""
    case = await world.submit()
    first = await world.create(case)
    await world.step("cases")
    async with world.database.connect() as connection:
        await connection.execute(DELIVERED, case.web_case_id, case.submission_id, first)
    return case, first, await world.create(case)


async def arrives(world: World, how: str, case_id: str) -> None:
    """Let status-sync learn of the pair, by poll or event."""
    if how == "poll":
        await world.step("cases")
        return
    async with world.pool.acquire() as connection:
        await connection.execute(DUE, case_id)
    await world.read_due()


@pytest.mark.parametrize("how", ["poll", "event"])
async def test_a_second_case_is_a_concern_until_it_is_acknowledged_and_stays_so(
    world: World, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "_SETTLED_SECONDS", 0.0)
    case, first, second = await pair(world)
    async with world.database.pool("d365_sync") as pool:
        queue, actions, flow = (
            PostgresDocuments(pool, SystemClock(), ""),
            PostgresOperatorActions(pool),
            PostgresFlow(pool),
        )

        async def concerns() -> list[tuple[Kind, int, str, Verdict]]:
            await arrives(world, how, second)
            for found in await queue.second_cases(10):
                await queue.note_second_case(found)
            seen = [one for one in await flow.concerns() if one.kind is Kind.SECOND_CASE]
            assert all(one.since is not None for one in seen)
            return [(one.kind, one.count, one.where, one.verdict) for one in seen]

        assert await concerns() == [(Kind.SECOND_CASE, 1, "usmf", Verdict.ALARM)]
        row = await pool.fetchrow("SELECT * FROM documents")
        assert row is not None
        assert (row["case_id"], row["other_case_ids"], row["alarms"]) == (first, [second], ["second_case"])
        assert (await world.row(case.web_case_id))["case_id"] == first

        order = Order(DocumentId(case.web_case_id, 1), row["revision"], Actor("olga"), "closed there")
        await actions.change(Action.ACKNOWLEDGE, order)

        assert await concerns() == []
        assert await queue.deliver_by_evidence([(case.web_case_id, case.submission_id, second)]) == []
        assert await flow.concerns() == []
        # A third one raises a new alarm.
        third = await world.create(case)
        second = third
        assert await concerns() == [(Kind.SECOND_CASE, 1, "usmf", Verdict.ALARM)]


async def test_the_portal_follows_the_case_that_an_operator_chooses_and_stays_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "_SETTLED_SECONDS", 0.0)
    case, first, second = await pair(world)
    await arrives(world, "poll", second)
    async with world.database.pool("d365_sync") as pool:
        queue, actions, flow = (
            PostgresDocuments(pool, SystemClock(), ""),
            PostgresOperatorActions(pool),
            PostgresFlow(pool),
        )
        for found in await queue.second_cases(10):
            await queue.note_second_case(found)
        before = await pool.fetchrow("SELECT * FROM documents")
        assert before is not None
        order = Order(DocumentId(case.web_case_id, 1), before["revision"], Actor("olga"), "the first is closed")
        with pytest.raises(NotAllowed):
            await actions.link(order, "C-999", [])

        await actions.link(order, second, [])

        row = await pool.fetchrow("SELECT * FROM documents")
        assert row is not None
        assert (row["state"], row["cause"], row["case_id"]) == ("delivered", "linked", second)
        assert (row["other_case_ids"], row["alarms"], row["alarm_since"]) == ([first], [], None)
        assert row["delivered_at"] == before["delivered_at"]
        (event,) = [event_of(row) for row in await pool.fetch(OUTBOX.read.text, 10)]
        assert (event.state, event.case_id) == ("delivered", second)
        # The first one is read again before the decision arrives here, and the decision arrives twice.
        await world.step("cases")
        assert (await world.row(case.web_case_id))["case_id"] == first
        for _ in range(2):
            await note_delivery_records(world, event)
        await world.d365.change("usmf", second, CaseStatus="InProcess")
        for how, case_id in (("poll", first), ("event", first), ("event", second)):
            await arrives(world, how, case_id)
            for found in await queue.second_cases(10):
                await queue.note_second_case(found)
            assert (await world.row(case.web_case_id))["case_id"] == second
        await queue.deliver_by_evidence([(case.web_case_id, case.submission_id, first)])
        assert [one for one in await flow.concerns() if one.kind is Kind.SECOND_CASE] == []
        assert (await world.row(case.web_case_id))["status"] == "in_process"


async def test_a_second_case_from_before_d365_lost_the_case_is_no_evidence_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D365 was restored and has neither of the two: a document waiting for redelivery must not count as delivered."""
    monkeypatch.setattr(documents, "_SETTLED_SECONDS", 0.0)
    case, _, second = await pair(world)
    await arrives(world, "poll", second)
    async with world.database.pool("d365_sync") as pool:
        queue = PostgresDocuments(pool, SystemClock(), "")
        await pool.execute(
            "UPDATE documents SET state = 'pending', cause = 'lost_in_d365', case_id = NULL,"
            " lost_at = clock_timestamp()"
        )

        for found in await queue.second_cases(10):
            await queue.note_second_case(found)

        row = await pool.fetchrow("SELECT * FROM documents")
        assert row is not None
        assert (row["web_case_id"], row["state"], row["other_case_ids"]) == (case.web_case_id, "pending", [])
        assert await queue.second_cases(10) == []


async def test_a_renumbered_case_is_no_second_case(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document takes the new number, and look-ups use it as a known case; nobody is alarmed."""
    monkeypatch.setattr(documents, "_SETTLED_SECONDS", 0.0)
    case = await world.submit()
    first = await world.create(case)
    await world.create(await world.submit())  # a known case, which proves that the first number is gone
    await world.step("cases")
    async with world.database.connect() as connection:
        await connection.execute(DELIVERED, case.web_case_id, case.submission_id, first)

    await world.d365.change("usmf", first, CaseId="C-AFTER")
    for how in ("poll", "event", "poll"):
        await arrives(world, how, first)
    async with world.database.pool("d365_sync") as pool:
        async with pool.acquire() as connection, connection.transaction():
            await take_evidence(connection, [CaseStatusChanged(**event) for event in await world.events()])

        assert await PostgresDocuments(pool, SystemClock(), "").second_cases(10) == []
        row = await pool.fetchrow("SELECT * FROM documents")
        assert row is not None
        assert (row["state"], row["case_id"], row["alarms"]) == ("delivered", "C-AFTER", [])
        assert await PostgresFlow(pool).concerns() == []

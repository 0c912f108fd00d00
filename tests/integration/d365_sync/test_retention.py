"""What is deleted after its time, what stays forever, and that deletion never leads to a duplicate."""

import asyncio

import pytest
import pytest_asyncio

from case_shared.database.leadership import Lease
from case_shared.database.postgres import Pool
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.words.actor import Actor
from case_shared.words.events import CaseSubmitted
from d365_sync import wiring
from d365_sync.app.end_document import EndDocument
from d365_sync.app.operator_actions import NotAllowed, Order, PayloadNeeded
from d365_sync.domain.document import Action
from d365_sync.postgres.operator_actions import PostgresOperatorActions
from d365_sync.postgres.statements import Statement
from tests.integration.d365_sync.conftest import (
    Queue,
    cases_of,
    dispatching,
    key,
    known_case,
    settings_for,
    submitted,
)
from tests.integration.d365_sync.test_statements import BACKLOG
from tests.support.databases import Database
from tests.support.patience import PATIENCE
from tests.support.sandbox import Sandbox


async def apply(database: Database, sandbox: Sandbox, pool: Pool) -> None:
    """One pass of the retention, as the service's leader does."""
    clock = SystemClock()
    retention = wiring.build_retention(settings_for(database, sandbox), pool, Heartbeats(clock))
    await retention.apply(Lease("retention", 1, clock, clock.monotonic() + 60), asyncio.Event())


async def age(queue: Queue, days: int = 91) -> None:
    """Date everything in the queue back, once the publisher is done: retention passes over rows that it locks."""
    await queue.until_published()
    await queue.pool.execute("UPDATE documents SET changed_at = changed_at - make_interval(days => $1)", days)


async def revision(queue: Queue, event: CaseSubmitted) -> int:
    row = await queue.document(event)
    found: int = row["revision"]
    return found


async def order(queue: Queue, event: CaseSubmitted) -> Order:
    return Order(key(event), await revision(queue, event), Actor("oscar"), "why")


async def test_a_delivered_payload_goes_and_its_document_stays_and_prevents_a_double(
    database: Database, d365: Sandbox
) -> None:
    async with dispatching(database, d365) as queue:
        event = await known_case(queue)
        await apply(database, d365, queue.pool)
        assert (await queue.document(event))["content"] is not None, "its time is not over"
        before = await queue.document(event)
        await age(queue)

        await apply(database, d365, queue.pool)

        after = await queue.document(event)
        assert after["content"] is None
        assert {name for name in after if after[name] != before[name]} <= {
            "content",
            "changed_at",
            "published_revision",
        }
        attempts = await queue.attempts(event)
        assert attempts
        assert all((one["request"], one["answer"]) == (None, None) for one in attempts)
        assert all(one["outcome"] == "delivered" and one["status"] == 201 for one in attempts)

        # Read the topic again from its start: the queue has the document, and D365 gets no second request for a case.
        await queue.until_published()
        published = len(await queue.events_of(event))
        await queue.take_in(event)
        marker = await known_case(queue)
        await queue.until_published()
        assert (await queue.document(event))["content"] is None
        assert len(await queue.events_of(event)) == published + 1
        assert len(await cases_of(d365, event, marker)) == 2


async def test_dead_letters_and_what_is_on_its_way_keep_their_payload(database: Database, d365: Sandbox) -> None:
    async with database.connect() as connection, database.pool("d365_sync") as pool:
        await connection.execute(BACKLOG.replace("40000", "60").replace("20000", "10"))
        await connection.execute(
            "UPDATE d365_sync.documents SET changed_at = now() - interval '1 year';"
            "UPDATE d365_sync.documents SET state = 'failed', case_id = NULL WHERE web_case_id IN ('W11', 'W12');"
            "UPDATE d365_sync.documents SET state = 'returned', case_id = NULL WHERE web_case_id = 'W13';"
            "UPDATE d365_sync.documents SET state = 'discarded', case_id = NULL WHERE web_case_id = 'W14';"
            # Due for a look-up.
            "UPDATE d365_sync.documents SET verify_at = now() WHERE web_case_id = 'W15';"
            # A returned document whose successor has not ended: a look-up's finding is compared with both.
            "UPDATE d365_sync.documents SET state = 'returned', case_id = NULL, web_case_id = 'W1', submission_no = 2"
            " WHERE web_case_id = 'W16'"
        )
        await apply(database, d365, pool)
        kept = await pool.fetch("SELECT web_case_id, submission_no, state FROM documents WHERE content IS NOT NULL")
        assert await pool.fetchval("SELECT count(*) FROM documents") == 60
    names = {(row["web_case_id"], row["submission_no"]) for row in kept}
    assert names == {*((f"W{number}", 1) for number in (*range(1, 11), 11, 12, 15)), ("W1", 2)}


async def test_a_document_without_payload_is_not_replayed_without_one(database: Database, d365: Sandbox) -> None:
    async with dispatching(database, d365) as queue:
        await known_case(queue)
        await d365.fault(kind="reject", operation="create", count=1)
        event = submitted()
        await queue.take_in(event)
        await queue.until(event, "failed")
        actions, end = PostgresOperatorActions(queue.pool), EndDocument(PostgresOperatorActions(queue.pool))
        await end(Action.DISCARD, await order(queue, event))
        await age(queue)
        await apply(database, d365, queue.pool)

        await end(Action.RESTORE, await order(queue, event))
        with pytest.raises(PayloadNeeded):
            await actions.replay(await order(queue, event), None, [])
        with pytest.raises(NotAllowed, match="payload was emptied"):
            await actions.change(Action.VERIFY, await order(queue, event))

        await actions.replay(await order(queue, event), event.content, [])
        await queue.until(event, "delivered")
        assert len(await cases_of(d365, event)) == 1


async def test_unreadable_records_go_after_their_time(database: Database, d365: Sandbox) -> None:
    async with database.connect() as connection, database.pool("d365_sync") as pool:
        await connection.execute(
            "INSERT INTO d365_sync.unreadable_records (topic, partition, record_offset, consumer_group, headers, cause,"
            " recorded_at, kept_at) SELECT 't', 0, n, 'g', '[]', 'c', now(),"
            " CASE WHEN n <= 700 THEN now() - interval '31 days' ELSE now() - interval '29 days' END"
            " FROM generate_series(1, 710) n"
        )
        await apply(database, d365, pool)
        left = await pool.fetchval("SELECT array_agg(record_offset ORDER BY record_offset) FROM unreadable_records")
    assert left == list(range(701, 711))


REPLAYS = """
WITH made AS (
    INSERT INTO d365_sync.replays (state, dry_run, query, query_hash, actor, reason, request_hash, documents, ended_at)
    SELECT state, false, '{}', '', 'olga', 'why', '', 700, now() - n * interval '1 day'
    FROM (VALUES ('completed', 91), ('canceled', 92), ('completed', 89), ('running', NULL)) AS t (state, n)
    RETURNING replay_id
)
INSERT INTO d365_sync.replay_documents (replay_id, place, web_case_id, submission_no, revision)
SELECT replay_id, n, 'W1', 1, 1 FROM made, generate_series(1, 700) n
"""


async def test_replays_that_ended_go_after_their_time_with_their_lists(database: Database, d365: Sandbox) -> None:
    async with database.connect() as connection, database.pool("d365_sync") as pool:
        await connection.execute(REPLAYS)
        await apply(database, d365, pool)
        left = await pool.fetch("SELECT state FROM replays ORDER BY state")
        assert [row["state"] for row in left] == ["completed", "running"]
        assert await pool.fetchval("SELECT count(*) FROM replay_documents") == 1400


async def test_what_is_locked_is_left_for_later_and_nobody_waits(database: Database) -> None:
    async with database.connect() as connection, database.pool("d365_sync") as pool:
        await connection.execute(BACKLOG.replace("40000", "60").replace("20000", "10"))
        await connection.execute("UPDATE d365_sync.documents SET changed_at = now() - interval '1 year'")
        async with connection.transaction():
            await connection.execute("SELECT FROM d365_sync.documents WHERE web_case_id = 'W30' FOR UPDATE")
            async with asyncio.timeout(2 * PATIENCE):
                assert await pool.fetchval(Statement.EMPTY_DOCUMENTS.text, 86_400) == 49
        assert await pool.fetchval(Statement.EMPTY_DOCUMENTS.text, 86_400) == 1


GUARDED: list[tuple[str, str]] = [
    ("empty_documents", "documents_to_empty"),
    ("delete_unreadable_records", "unreadable_records_by_age"),
    ("delete_replays", "replays_ended"),
]


@pytest_asyncio.fixture(scope="module")
async def full(module_database: Database) -> Database:
    """A database with many rows of every kind that is deleted after its time."""
    async with module_database.connect() as connection:
        await connection.execute(BACKLOG.replace("40000", "12000").replace("20000", "600"))
        await connection.execute(
            "INSERT INTO d365_sync.unreadable_records (topic, partition, record_offset, consumer_group, headers, cause,"
            " recorded_at, kept_at) SELECT 't', 0, n, 'g', '[]', 'c', now(), now() - n * interval '1 minute'"
            " FROM generate_series(1, 20000) n;"
            "INSERT INTO d365_sync.replays (state, dry_run, query, query_hash, actor, reason, request_hash, documents,"
            " ended_at) SELECT 'completed', false, '{}', '', 'olga', 'why', '', 1, now() - n * interval '1 minute'"
            " FROM generate_series(1, 5000) n;"
            "INSERT INTO d365_sync.replay_documents (replay_id, place, web_case_id, submission_no, revision)"
            " SELECT replay_id, n, 'W1', 1, 1 FROM d365_sync.replays, generate_series(1, 5) n;"
            "ANALYZE d365_sync.replays; ANALYZE d365_sync.replay_documents;"
            "ANALYZE d365_sync.documents; ANALYZE d365_sync.unreadable_records;"
        )
    return module_database


@pytest.mark.parametrize(("name", "index"), GUARDED)
async def test_retention_finds_its_rows_by_index(full: Database, name: str, index: str) -> None:
    async with full.connect() as connection:
        await connection.execute(
            "SET search_path TO d365_sync, public; SET plan_cache_mode TO force_generic_plan;"
            "SET enable_hashjoin TO off; SET enable_mergejoin TO off"
        )
        # Joins over whole tables are as cheap at this size, so forbid them: do the indexes lead to the rows?
        await connection.execute(f"PREPARE guarded AS {Statement(name).text}")
        plan = "\n".join(row[0] for row in await connection.fetch("EXPLAIN EXECUTE guarded (3600)"))
    assert index in plan, plan
    assert "Seq Scan" not in plan, plan

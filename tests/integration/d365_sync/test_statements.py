"""Every statement fits schema and grants; the hot ones use their indexes; a document needs few statements."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from case_shared.d365.chain_memory import PostgresChainMemory
from case_shared.database.statements import Statement as Shared
from case_shared.kafka.records import store_batch
from case_shared.words.events import Record
from d365_sync.consumers import _submitted
from d365_sync.postgres.intake import take_in
from d365_sync.postgres.statements import Statement
from tests.integration.d365_sync.conftest import Queue, dispatching, known_case, submitted
from tests.integration.d365_sync.test_service import record
from tests.support.databases import Database, cloned
from tests.support.eventually import eventually
from tests.support.sandbox import Sandbox
from tests.support.servers import Servers
from tests.support.submissions import store_submissions


@pytest.mark.parametrize("statement", Statement, ids=lambda statement: statement.value)
async def test_each_statement_can_be_prepared_by_the_service(module_database: Database, statement: Statement) -> None:
    async with module_database.pool("d365_sync") as pool, pool.acquire() as connection:
        await connection.prepare(statement.text)


@pytest.mark.parametrize("role", ["case_api", "status_sync"])
async def test_other_services_may_add_unreadable_records_and_see_nothing(database: Database, role: str) -> None:
    async with database.pool(role) as pool:
        await pool.execute(
            Shared.INSERT_UNREADABLE_RECORD.text,
            "t",
            0,
            0,
            0,
            "g",
            None,
            None,
            [],
            "cause",
            datetime.now(UTC),
        )
        for table in ("documents", "attempts", "audit", "delivery_control"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.fetch(f"SELECT * FROM d365_sync.{table}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.fetch("SELECT value FROM d365_sync.unreadable_records")


async def test_both_services_keep_what_the_filters_of_an_environment_take(database: Database) -> None:
    async with database.pool("d365_sync") as one, database.pool("status_sync") as other:
        here, there = PostgresChainMemory(one, "https://a.example"), PostgresChainMemory(other, "https://a.example")
        assert await here.load() is None
        await here.store(7)
        assert await there.load() == 7
        await there.store(40)
        assert await here.load() == 40
        assert await PostgresChainMemory(one, "https://b.example").load() is None


async def test_the_audit_cannot_be_changed(database: Database) -> None:
    async with database.pool("d365_sync") as pool:
        for change in ("DELETE FROM audit", "UPDATE audit SET actor = 'me'", "DELETE FROM documents"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(change)


BACKLOG = """
INSERT INTO d365_sync.documents (web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account,
    content, created_by, submitted_at, read_back_first, state, case_id, published_revision, due_at)
SELECT 'W' || n, 1, gen_random_uuid(), 'd-' || n % 200, 'usmf', 'x', '{"category": "Warranty"}', 'ann',
    now() - n * interval '1 second', false,
    CASE WHEN n <= 20000 THEN 'pending' ELSE 'delivered' END, CASE WHEN n > 20000 THEN 'C' || n END, 1,
    CASE WHEN n % 2 = 0 THEN now() ELSE now() + interval '1 hour' END
FROM generate_series(1, 40000) n;
UPDATE d365_sync.delivery_control SET d365_url = 'u';
INSERT INTO d365_sync.leases VALUES ('dispatcher', 'me', 1, now() + interval '1 hour');
"""
# The submissions of these documents, spread over days, with one attempt each.
FLOW = """
INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase)
SELECT web_case_id, dealer, 'usmf', 'x', 'portal', 'submitted' FROM d365_sync.documents;
INSERT INTO case_api.submissions (web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account,
    content, created_by, submitted_by, submitted_at)
SELECT web_case_id, 1, submission_id, dealer, 'usmf', 'x', '{}', 'ann', 'ann', now() - random() * interval '9 days'
FROM d365_sync.documents;
INSERT INTO case_api.submission_states (web_case_id, submission_no, state, state_at, sent_at, resend_at)
SELECT web_case_id, 1, state, now() - random() * interval '9 days', now(), now() FROM d365_sync.documents;
INSERT INTO d365_sync.attempts (web_case_id, submission_no, attempt_no, kind, started_at, outcome)
SELECT web_case_id, 1, 1, 'create', now() - random() * interval '9 days', 'delivered' FROM d365_sync.documents;
UPDATE d365_sync.documents SET created_at = now() - random() * interval '9 days';
"""
HOT: list[tuple[str, tuple[Any, ...], str]] = [
    ("claim_to_deliver", (25, 45, "d-100", 64, 30, "dispatcher", 1, "u", 300), "documents_to_deliver"),
    ("claim_to_look_up", (100, 30, "dispatcher", 1, "u", "{usmf}"), "documents_to_verify"),
    ("expire_leases", (5,), "documents_leased"),
    ("read_outbox", (500,), "documents_to_publish"),
    ("select_control_cases", ("usmf",), "documents_delivered"),
    ("select_older_control_cases", ("usmf",), "documents_delivered"),
    ("select_failures_to_log", (20,), "documents_to_log"),
    ("select_documents", ("{failed}", None, None, None, None, None, None, None, 26, None), "documents_by_state"),
    (
        "select_documents",
        ("{delivered}", None, None, None, None, None, None, None, 26, "second_case"),
        "documents_alarmed",
    ),
    ("select_concerns", (), "documents_alarmed"),
    ("select_backlog", (), "documents_open"),
    ("select_dealers", (None, None, None, None, 26), "documents_open"),
    ("select_flow", (), "documents_open"),
    ("select_flow", (), "submission_states_resend"),
    ("select_flow_history", (), "documents_by_state"),
    ("select_flow_history", (), "attempts_by_time"),
    ("select_flow_history", (), "submissions_by_time"),
    ("select_flow_history", (), "submission_states_to_empty"),
]


@pytest_asyncio.fixture(scope="module")
async def busy(running_servers: Servers, template_database: str) -> AsyncIterator[Database]:
    """A database with a backlog, for all tests of plans."""
    async with cloned(running_servers.postgres, template_database) as database:
        async with database.connect() as connection:
            # The same times in each run, so that plans do not differ by chance.
            await connection.execute("SELECT setseed(0.5)")
            await connection.execute(BACKLOG.replace("40000", "12000").replace("20000", "600") + FLOW)
            await connection.execute("ANALYZE")
        yield database


@pytest.mark.parametrize(("name", "arguments", "index"), HOT, ids=[f"{row[0]}-{row[2]}" for row in HOT])
async def test_hot_statements_use_their_index(
    busy: Database, name: str, arguments: tuple[Any, ...], index: str
) -> None:
    async with busy.connect() as connection:
        mode = "force_custom_plan" if name == "select_documents" else "force_generic_plan"
        await connection.execute(f"SET search_path TO d365_sync, public; SET plan_cache_mode TO {mode}")
        await connection.execute(f"PREPARE hot AS {Statement(name).text}")
        values = ", ".join("NULL" if value is None else f"'{value}'" for value in arguments)
        execute = f"EXECUTE hot ({values})" if arguments else "EXECUTE hot"
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {execute}"))
    assert index in plan, plan
    assert "Seq Scan on documents" not in plan, plan


async def test_a_claim_reads_little_of_a_large_backlog_and_goes_round_the_dealers(database: Database) -> None:
    async with database.connect() as connection:
        await connection.execute(BACKLOG)
        await connection.execute("ANALYZE d365_sync.documents; SET search_path TO d365_sync, public")
        arguments = (25, 45, "d-100", 64, 30.0, "dispatcher", 1, "u", 1e9)
        rows = await connection.fetch(Statement.CLAIM_TO_DELIVER.text, *arguments)
        claimed = [row for row in rows if row["web_case_id"]]
        dealers = await connection.fetch(
            "SELECT dealer, count(*) FROM documents WHERE lease_token IS NOT NULL GROUP BY dealer"
        )
        await connection.execute(f"PREPARE hot AS {Statement.CLAIM_TO_DELIVER.text}")
        values = ", ".join(f"'{value}'" for value in arguments)
        explained = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE hot ({values})")

    assert len(claimed) == 25
    assert {row["count"] for row in dealers} == {1}
    top = explained[0]["Plan"]
    assert top["Shared Hit Blocks"] + top["Shared Read Blocks"] < 12_000, top


async def test_a_batch_is_taken_in_without_comparing_each_record_with_each(database: Database) -> None:
    events = [submitted() for _ in range(100)]
    await store_submissions(database, *events)
    keys = ([event.web_case_id for event in events], [1] * len(events), [event.submission_id for event in events])
    explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {Statement.TAKE_IN.text}"
    async with database.pool("d365_sync") as pool:
        explained = await pool.fetchval(explain, *keys, [None] * len(events))
    assert explained[0]["Plan"]["Actual Rows"] == len(events)
    assert _compared_without_success(explained[0]["Plan"]) == 0


def _compared_without_success(plan: dict[str, Any]) -> float:
    inner: list[dict[str, Any]] = plan.get("Plans", [])
    removed: float = plan.get("Rows Removed by Join Filter", 0)
    return removed + sum(map(_compared_without_success, inner))


async def test_one_dealers_backlog_does_not_starve_another(database: Database) -> None:
    async with database.connect() as connection:
        await connection.execute(BACKLOG.replace("'d-' || n % 200", "CASE WHEN n = 1 THEN 'z-last' ELSE 'a-first' END"))
        await connection.execute("UPDATE d365_sync.documents SET due_at = now() WHERE web_case_id = 'W1'")
        await connection.execute("SET search_path TO d365_sync, public")
        rows = await connection.fetch(Statement.CLAIM_TO_DELIVER.text, 10, 9, "", 64, 30.0, "dispatcher", 1, "u", 1e9)
    assert "W1" in {row["web_case_id"] for row in rows}
    assert len(rows) == 10


async def test_statements_for_a_delivered_document(database: Database, d365: Sandbox) -> None:
    async with dispatching(database, d365) as queue:
        await known_case(queue)
        statements: list[str] = []
        await queue.pool.execute("UPDATE delivery_control SET paused = true")
        events = [submitted() for _ in range(200)]
        await queue.take_in(*events)
        await _count(queue, events, statements)

        per_document = len([text for text in statements if _belongs_to_delivery(text)]) / len(events)
        assert per_document <= 0.5, (per_document, len(statements))


async def _count(queue: Queue, events: list[Any], statements: list[str]) -> None:
    fetch, execute = type(queue.pool).fetch, type(queue.pool).execute

    async def counted_fetch(pool: Any, query: str, *arguments: Any, **options: Any) -> Any:
        statements.append(query)
        return await fetch(pool, query, *arguments, **options)

    async def counted_execute(pool: Any, query: str, *arguments: Any, **options: Any) -> Any:
        statements.append(query)
        return await execute(pool, query, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(queue.pool), "fetch", counted_fetch)
        patch.setattr(type(queue.pool), "execute", counted_execute)
        await queue.pool.execute("UPDATE delivery_control SET paused = false")

        async def published() -> int:
            delivered = {one.web_case_id for one in queue.events if one.state == "delivered"}
            return len(delivered & {event.web_case_id for event in events})

        await eventually(published, lambda count: count == len(events), within_seconds=30)


def _belongs_to_delivery(text: str) -> bool:
    statements = (
        Statement.CLAIM_TO_DELIVER,
        Statement.BEGIN_POSTS,
        Statement.STORE_OUTCOMES,
        Statement.READ_OUTBOX,
        Statement.MARK_SENT,
    )
    return any(statement.text == text for statement in statements)


async def test_a_consumed_batch_is_one_statement_and_one_commit(database: Database) -> None:
    events = [submitted() for _ in range(600)]
    await store_submissions(database, *events)
    batches = [[FakeRecord(record(event)) for event in part] for part in (events[:300], events[300:])]
    statements: list[str] = []
    async with database.pool("d365_sync", 1) as pool:
        async with pool.acquire() as connection:
            alone: Any = OneConnection(connection)
            # A connection's first batch looks up its types.
            await store_batch(alone, "g", batches[0], _submitted, take_in)
            connection.add_query_logger(lambda query: statements.append(query.query.split()[0]))
            await store_batch(alone, "g", batches[1], _submitted, take_in)
            await asyncio.sleep(0)  # loggers are called in the loop's next turn
            counted = list(statements)
        assert await pool.fetchval("SELECT count(*) FROM documents") == 600
    assert counted == ["BEGIN;", "--", "COMMIT;"]  # each statement of ours begins with its comment


async def test_records_that_are_stored_have_their_state_published_again(database: Database) -> None:
    events = [submitted() for _ in range(3)]
    await store_submissions(database, *events)
    records = [FakeRecord(record(event)) for event in events]
    async with database.pool("d365_sync") as pool:
        await store_batch(pool, "g", records, _submitted, take_in)
        await pool.execute(
            "UPDATE documents SET state = 'delivered', case_id = 'C', revision = 4, published_revision = 4"
        )

        await store_batch(pool, "g", [*records[:2], records[0]], _submitted, take_in)

        rows = await pool.fetch("SELECT revision - published_revision AS unpublished, state FROM documents")
    assert sorted(row["unpublished"] for row in rows) == [0, 1, 1]
    assert {row["state"] for row in rows} == {"delivered"}


async def test_one_record_that_the_database_refuses_delays_no_other(database: Database) -> None:
    good = [submitted() for _ in range(499)]
    await store_submissions(database, *good)
    poison = submitted(submission_no=2**40)
    records = [FakeRecord(record(event)) for event in [*good[:7], poison, *good[7:]]]
    async with database.pool("d365_sync") as pool:
        stored = await store_batch(pool, "g", records, _submitted, take_in)

        kept = await pool.fetch("SELECT cause FROM unreadable_records")
        assert await pool.fetchval("SELECT count(*) FROM documents") == len(stored) == 499
    assert len(kept) == 1
    assert "refused it" in kept[0]["cause"]


_offsets = itertools.count()


class FakeRecord:
    """A record as aiokafka returns it."""

    def __init__(self, sent: Record) -> None:
        self.topic, self.partition, self.offset, self.timestamp = "case.submitted.v1", 0, next(_offsets), 0
        self.key: bytes | None = b"key"
        self.value: bytes | None = sent.value
        self.headers: Sequence[tuple[str, Any]] = sent.headers


class OneConnection:
    """A pool of one connection that is never returned, so that its statements can be counted."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def acquire(self) -> "OneConnection":
        return self

    async def __aenter__(self) -> Any:
        return self._connection

    async def __aexit__(self, *_error: object) -> None:
        return None

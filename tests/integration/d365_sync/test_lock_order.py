"""Statements that write several documents lock them in one order, so that they cannot deadlock."""

import asyncio
from typing import Any

import pytest

from case_shared.words.actor import Actor
from d365_sync.postgres.statements import Statement
from tests.integration.d365_sync.by_hand import by_hand
from tests.integration.d365_sync.conftest import submitted
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.submissions import store_submissions


def outcome(event: Any, token: Any) -> dict[str, Any]:
    return {
        "web_case_id": event.web_case_id,
        "submission_no": 1,
        "token": str(token),
        "attempt_no": 1,
        "state": "failed",
        "cause": "rejected",
        "waits": 0,
        "counts": True,
        "retried": False,
        "look_up_first": False,
        "due_seconds": 0,
    }


def statements(later: Any, earlier: Any, token: Any) -> dict[str, tuple[Any, ...]]:
    """Each statement's arguments, naming the later document first."""
    both = [later, earlier]
    ids, numbers = [event.web_case_id for event in both], [1, 1]
    cleared = [{"web_case_id": i, "submission_no": 1, "token": str(token), "attempt_no": 1} for i in ids]
    return {
        "store_outcomes": ([outcome(event, token) for event in both], False),
        "begin_posts": (cleared, 30.0, "dispatcher", 1),
        "mark_sent": (ids, numbers, [1, 1]),
        "publish_again": (ids, numbers, [event.submission_id for event in both]),
        "deliver_by_evidence": (ids, [event.submission_id for event in both], ["C-1", "C-2"], [None, None], True),
        "look_up_by_evidence": (ids,),
        "restore_delivery": (Actor("op"), "why"),
        "publish_lately": (),
        "publish_unheard": (10,),
        "adopt_environment": (Actor("op"), "why", "u"),
        "expire_leases": (1.0,),
        "claim_to_deliver": (10, 10, "", 64, 30.0, "dispatcher", 1, "http://d365.test", 300.0),
        "claim_to_look_up": (10, 30.0, "dispatcher", 1, "http://d365.test", []),
    }


@pytest.mark.parametrize("name", sorted(statements(*[submitted()] * 3)))
async def test_a_statement_that_waits_for_a_document_locks_none_that_comes_later(database: Database, name: str) -> None:
    earlier, later = sorted([submitted(), submitted()], key=lambda event: event.web_case_id)
    async with by_hand(database) as queue, database.connect() as other:
        # The later one is first in the table, so that a plan without an order would take it first.
        await queue.take_in(later)
        await queue.take_in(earlier)
        token = later.submission_id
        unleased = name in {"claim_to_deliver", "claim_to_look_up"}
        lease = (
            "NULL, NULL, NULL"
            if unleased
            else f"'{token}', 'read_back', now() + interval '{'-1' if name == 'expire_leases' else '1'} hour'"
        )
        state = "pending" if name == "claim_to_deliver" else "verifying"
        await queue.pool.execute(
            f"""
            UPDATE documents SET state = '{state}', read_back_first = false,
                (lease_token, lease_kind, lease_expires_at) = ({lease})
            """
        )
        if name == "claim_to_look_up":
            await queue.pool.execute("UPDATE documents SET verify_at = now()")
        transaction = other.transaction()
        await transaction.start()
        await _lock(other, earlier)

        running = asyncio.create_task(
            queue.pool.execute(Statement(name).text, *statements(later, earlier, token)[name])
        )

        async def waits_or_is_done() -> bool:
            waiting = """
                SELECT count(*) > 0 FROM pg_stat_activity
                WHERE wait_event_type = 'Lock' AND datname = current_database()
                """
            return running.done() or await other.fetchval(waiting)

        await eventually(waits_or_is_done)
        await _lock(other, later)
        await transaction.rollback()
        await running


async def test_a_batch_is_taken_in_in_one_order_whatever_order_it_came_in(database: Database) -> None:
    earlier, later = sorted([submitted(), submitted()], key=lambda event: event.web_case_id)
    async with by_hand(database) as queue, database.connect() as other, queue.pool.acquire() as connection:
        # The later one is first in case-api's table, and the plan follows that table.
        await store_submissions(database, later, earlier)
        await connection.execute("SET enable_nestloop = off; SET enable_mergejoin = off; SET enable_sort = off")
        async with other.transaction():
            # Another replica has taken in the earlier one, and has not committed yet.
            await _take_in(other, earlier)
            running = asyncio.create_task(_take_in(connection, later, earlier))
            waiting = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            await eventually(lambda: other.fetchval(f"{waiting} AND datname = current_database()"))
            await other.execute("SET LOCAL lock_timeout = '2s'; SET LOCAL deadlock_timeout = '10s'")
            await _take_in(other, later)
        await running
        assert await queue.pool.fetchval("SELECT count(*) FROM documents") == 2


async def _take_in(connection: Any, *events: Any) -> None:
    columns = ([event.web_case_id for event in events], [1] * len(events), [event.submission_id for event in events])
    await connection.execute("SET search_path TO d365_sync, public")
    await connection.execute(Statement.TAKE_IN.text, *columns, [None] * len(events))


async def _lock(connection: Any, event: Any) -> None:
    await connection.execute("SET deadlock_timeout = '50ms'")
    await connection.execute("SELECT FROM d365_sync.documents WHERE web_case_id = $1 FOR UPDATE", event.web_case_id)

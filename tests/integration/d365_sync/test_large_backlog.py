"""With 100,000 documents waiting, no statement of a delivery reads more than a few claims' worth of them."""

import json
from collections.abc import Iterator
from typing import Any

from case_shared.database.postgres import Connection
from d365_sync.postgres.statements import Statement
from tests.support.databases import Database

# One dealer has most; a few at the front are not due yet; one in ten has an unknown outcome, a few are in progress.
BACKLOG = """
INSERT INTO d365_sync.documents (web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account,
    content, created_by, submitted_at, read_back_first, published_revision, state, due_at, verify_at, attempts,
    lease_token, lease_kind, lease_expires_at)
SELECT 'W' || n, 1, '00000000-0000-0000-0000-000000000001', CASE n % 10 WHEN 1 THEN 'd-' || n % 300 ELSE 'm-large' END,
    'area' || n % 3, 'x', '{"category": "Warranty"}', 'ann', now() - interval '1 h' + n * interval '1 ms', false,
    CASE WHEN n % 100 = 5 THEN 0 ELSE 1 END,
    CASE WHEN n <= 100 THEN 'deferred' WHEN n % 10 = 0 THEN 'verifying'
        WHEN n > 99900 THEN 'delivering' ELSE 'pending' END,
    CASE WHEN n <= 100 THEN now() + interval '1 h' ELSE now() - interval '1 h' END,
    CASE WHEN n > 100 AND n % 10 = 0 THEN now() - interval '1 min' END, CASE WHEN n > 99900 THEN 1 ELSE 0 END,
    CASE WHEN n > 99900 AND n % 10 <> 0 THEN '00000000-0000-0000-0000-000000000002'::uuid END,
    CASE WHEN n > 99900 AND n % 10 <> 0 THEN 'create' END,
    CASE WHEN n > 99900 AND n % 10 <> 0
        THEN now() + CASE WHEN n > 99990 THEN interval '-1 s' ELSE interval '1 h' END END
FROM generate_series(1, 100000) n;
INSERT INTO d365_sync.attempts (web_case_id, submission_no, attempt_no, kind, started_at)
SELECT 'W' || n, 1, 1, 'create', now() FROM generate_series(80001, 100000) n;
UPDATE d365_sync.delivery_control SET d365_url = 'u';
INSERT INTO d365_sync.leases VALUES ('dispatcher', 'me', 1, now() + interval '1 hour');
ANALYZE d365_sync.documents, d365_sync.attempts;
SET search_path TO d365_sync, public;
SET plan_cache_mode TO force_generic_plan;
"""
IN_HAND = [
    {
        "web_case_id": f"W{n}", "submission_no": 1, "token": "00000000-0000-0000-0000-000000000002", "attempt_no": 1,
        "state": "delivered", "outcome": "delivered", "case_id": f"C{n}", "counts": False, "retried": False,
        "look_up_first": False, "waits": 0, "due_seconds": 0,
    }
    for n in range(99901, 99921) if n % 10
]  # fmt: skip
PUBLISHED = ("{W100005,W99905}", "{1,1}", "{1,1}")
STATEMENTS: dict[str, tuple[Any, ...]] = {
    "claim_to_deliver": (75, 140, "d-100", 64, 30, "dispatcher", 1, "u", 300),
    "claim_to_look_up": (100, 30, "dispatcher", 1, "u", "{area1}"),
    "begin_posts": (json.dumps(IN_HAND), 30, "dispatcher", 1),
    "store_outcomes": (json.dumps(IN_HAND), False),
    "expire_leases": (5,),
    "read_outbox": (500,),
    "mark_sent": PUBLISHED,
}
# The most rows that one step of a plan may touch: a few claims' worth.
MOST_ROWS = 5_000


async def test_no_statement_of_a_delivery_looks_at_the_whole_backlog(database: Database) -> None:
    async with database.connect() as connection:
        await connection.execute(BACKLOG)

        for name, arguments in STATEMENTS.items():
            steps = list(_steps(await _plan(connection, name, arguments)))

            scanned = [step["Relation Name"] for step in steps if step["Node Type"] == "Seq Scan"]
            assert not {"documents", "attempts"} & set(scanned), name
            assert max(_touched(step) for step in steps) <= MOST_ROWS, (name, max(steps, key=_touched))
            # It did its work, so that the counted rows are meaningful.
            assert sum(step["Actual Rows"] for step in steps) > 0, name


async def _plan(connection: Connection, name: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
    values = ", ".join(f"'{value}'" for value in arguments)
    await connection.execute(f"PREPARE {name} AS {Statement(name).text}")
    transaction = connection.transaction()
    await transaction.start()
    try:
        explained = await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE {name} ({values})")
    finally:
        await transaction.rollback()
    plan: dict[str, Any] = explained[0]["Plan"]
    return plan


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", []):
        yield from _steps(below)


def _touched(step: dict[str, Any]) -> float:
    removed = step.get("Rows Removed by Filter", 0) + step.get("Rows Removed by Join Filter", 0)
    touched: float = (step["Actual Rows"] + removed) * step["Actual Loops"]
    return touched

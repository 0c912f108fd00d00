"""Every statement fits the migrated schema and status-sync's rights, and the hot ones use their index."""

from typing import Any

import asyncpg
import pytest

from status_sync.postgres.statements import Statement
from tests.support.databases import Database


async def connect(database: Database) -> Any:
    return await asyncpg.connect(
        database.url("status_sync"), server_settings={"search_path": "status_sync, public"}, statement_cache_size=0
    )


async def test_each_statement_can_be_prepared(database: Database) -> None:
    connection = await connect(database)
    try:
        for statement in Statement:
            text = statement.text
            assert text.startswith("-- "), statement
            await connection.prepare(text)
    finally:
        await connection.close()


async def plan_of(connection: Any, name: str, *arguments: Any) -> str:
    text = Statement(name).text
    return "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN (COSTS OFF) {text}", *arguments))


async def test_hot_statements_use_their_index(database: Database) -> None:
    async with database.connect() as superuser:
        await superuser.execute(
            "INSERT INTO status_sync.due_reads (data_area_id, key_kind, key, due_at)"
            " SELECT 'usmf', 'case_id', 'C-' || n, now() + make_interval(secs => n) FROM generate_series(-50, 20000) n"
        )
        await superuser.execute(
            "INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, case_id)"
            " SELECT 'X' || n, 'usmf-us-001', 'usmf', 'US-001', 'portal', 'submitted', 'C-' || n"
            " FROM generate_series(1, 20000) n"
        )
        await superuser.execute(
            "INSERT INTO d365_sync.documents (web_case_id, submission_no, submission_id, dealer, data_area_id,"
            " customer_account, created_by, submitted_at, read_back_first, state, case_id) SELECT 'X' || n, 1,"
            " gen_random_uuid(), 'd', 'usmf', 'US-001', 'dora', now(), false, 'delivered', 'C-' || n"
            " FROM generate_series(1, 20000) n"
        )
        await superuser.execute("ANALYZE status_sync.due_reads, case_api.cases, d365_sync.documents")
    connection = await connect(database)
    try:
        taken = await plan_of(connection, "take_due_reads", 400, [])
        known = await plan_of(connection, "find_known_cases", ["usmf"] * 3, ["C-1", "C-2", "C-3"], ["X7"])
        named = await plan_of(connection, "find_standings", ["usmf"] * 3, ["C-1", "C-2", ""], ["", "X1", "X2"])
        done = await plan_of(connection, "delete_due_reads", ["usmf"], ["case_id"], ["C-1"], [1])
        born = await plan_of(connection, "remove_born_as", ["X1", "X2"], ["C-1", "C-2"])
        linked = await plan_of(connection, "link_delivered_cases", ["X1", "X2"], ["C-1", "C-2"])
        lost = await plan_of(connection, "find_lost_cases", [f"X{n}" for n in range(500)])  # a batch
        measured = await plan_of(connection, "measure", 6)
    finally:
        await connection.close()
    assert "due_reads_by_legal_entity" in taken
    for plan in (taken, known, named, done):
        assert "Seq Scan on due_reads" not in plan
    for plan in (taken, known, named, done, born, linked, lost, measured):
        assert "Seq Scan on cases" not in plan
    assert "Seq Scan on documents" not in lost


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM case_api.cases",
        "UPDATE case_api.cases SET phase = 'draft'",
        "UPDATE case_api.cases SET description = 'x'",
        (
            "INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase)"
            " VALUES ('W1', 'd', 'usmf', 'a', 'portal', 'submitted')"
        ),
        "SELECT content FROM case_api.submissions",
        "UPDATE status_sync.status_changes SET status = 'open'",
    ],
)
async def test_what_is_not_ours_cannot_be_touched(database: Database, statement: str) -> None:
    connection = await connect(database)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("role", ["case_api", "d365_sync"])
async def test_the_others_may_read_the_lists(database: Database, role: str) -> None:
    connection = await asyncpg.connect(database.url(role))
    try:
        for table in ("dealers", "categories", "priorities"):
            await connection.fetch(f"SELECT * FROM status_sync.{table}")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"DELETE FROM status_sync.{table}")
    finally:
        await connection.close()

"""Every statement fits the migrated schema and the role's grants; the hot ones use their indexes."""

from importlib import resources
from typing import Any

import asyncpg
import pytest

from case_shared.postgres import load_sql
from tests.support.databases import Database

PACKAGE = "case_api.postgres"
STATEMENTS = sorted(
    entry.name.removesuffix(".sql") for entry in (resources.files(PACKAGE) / "sql").iterdir() if entry.is_file()
)


@pytest.mark.parametrize("name", STATEMENTS)
async def test_each_statement_can_be_prepared_by_the_service(database: Database, name: str) -> None:
    async with database.pool("case_api") as pool, pool.acquire() as connection:
        await connection.prepare(load_sql(PACKAGE, name))


async def plan(database: Database, name: str, *arguments: Any) -> str:
    """The plan of a statement on tables of some size."""
    async with database.connect() as connection:
        await connection.execute(
            """
            INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, created_by)
            SELECT 'W' || n, 'd-' || n % 20, 'usmf', 'x', 'portal', 'draft', 'ann' FROM generate_series(1, 20000) n;
            INSERT INTO case_api.submission_states (web_case_id, submission_no, resend_at, state)
            SELECT 'W' || n, 1, now(), CASE WHEN n % 100 = 0 THEN 'pending' ELSE 'delivered' END
            FROM generate_series(1, 20000) n;
            INSERT INTO case_api.submissions
            SELECT 'W' || n, 1, gen_random_uuid(), 'd', 'usmf', 'x', '{}', 'ann', 'ann', now()
            FROM generate_series(1, 20000) n;
            INSERT INTO case_api.outbox (web_case_id, submission_no, topic, value, headers)
            SELECT 'W' || n, 1, 't', '', '{}' FROM generate_series(1, 20000) n;
            INSERT INTO case_api.submission_changes SELECT 'W' || n, 1, 2, 'delivered', null, null, null, now()
            FROM generate_series(1, 20000) n;
            INSERT INTO status_sync.status_changes SELECT 'W' || n, now(), 'open' FROM generate_series(1, 20000) n;
            ANALYZE case_api.cases, case_api.submissions, case_api.submission_states, case_api.outbox,
                case_api.submission_changes, status_sync.status_changes;
            SET search_path TO case_api, public;
            SET plan_cache_mode TO force_generic_plan;
            """
        )
        # EXPLAIN takes no parameters, but the execution of a prepared statement does.
        await connection.execute(f"PREPARE hot AS {load_sql(PACKAGE, name)}")
        values = ", ".join("NULL" if value is None else f"'{value}'" for value in arguments)
        rows = await connection.fetch(f"EXPLAIN EXECUTE hot ({values})")
        return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("name", "arguments", "index"),
    [
        ("list_cases", ("d-1", None, None, 26), "cases_newest"),
        ("get_case", ("d-1", "W1"), "cases_pkey"),
        ("read_outbox", (1000,), "outbox_pkey"),
        ("resend_submissions", (500, 60, 3600), "submission_states_resend"),
        ("delete_sent", ("{1,2,3}",), "outbox_pkey"),
        ("list_submissions", ("d", "W1"), "submission_changes_pkey"),
        ("list_statuses", ("W1",), "status_changes_pkey"),
        ("create_case", ("W1", *["x"] * 14, ""), "idempotency_keys_pkey"),
    ],
)
async def test_hot_statements_use_their_index(
    database: Database, name: str, arguments: tuple[Any, ...], index: str
) -> None:
    text = await plan(database, name, *arguments)
    assert index in text
    for table in ("cases", "submission_states", "outbox", "submissions"):
        assert f"Seq Scan on {table} " not in text, text


async def test_each_role_writes_its_own_columns_alone(database: Database) -> None:
    born = "INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, case_id)"
    async with database.pool("status_sync") as pool:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("UPDATE case_api.cases SET notes = 'x'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(f"{born} VALUES ('W1', 'd', 'a', 'c', 'portal', 'submitted', null)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("DELETE FROM case_api.cases")
        await pool.execute(f"{born} VALUES ('W1', 'd', 'a', 'c', 'd365', 'submitted', 'C-1')")
        assert await pool.fetchval("SELECT case_api.delete_case_born_in_d365('W1')")
        assert not await pool.fetchval("SELECT case_api.delete_case_born_in_d365('W1')")
    async with database.pool("case_api") as pool:
        for column in ("case_id", "d365_status", "created_by", "origin"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(f"UPDATE cases SET {column} = 'x'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.fetch("SELECT d365_status FROM status_sync.status_changes")
        for statement in ("DELETE FROM status_sync.status_changes", "DELETE FROM submission_changes"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(statement)
    async with database.pool("d365_sync") as pool:
        await pool.fetch("SELECT * FROM case_api.submissions")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("INSERT INTO case_api.outbox DEFAULT VALUES")

"""Every statement fits the migrated schema and the role's grants; the hot ones use their indexes."""

import asyncio
import re
from collections.abc import AsyncIterator
from importlib import resources
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from case_api.domain.list_query import Column, Filters, ListQuery, Search, Sort
from case_api.postgres.case_list import connection_settings
from case_api.postgres.list_order import segments
from case_api.postgres.list_sources import Way
from case_api.postgres.list_statements import Composer, Statement
from case_shared import migrations
from case_shared.events import CaseStatus
from case_shared.postgres import load_sql
from tests.support import many_cases
from tests.support.databases import Database, cloned
from tests.support.servers import Servers

PACKAGE = "case_api.postgres"
STATEMENTS = sorted(
    entry.name.removesuffix(".sql") for entry in (resources.files(PACKAGE) / "sql").iterdir() if entry.is_file()
)


@pytest.mark.parametrize("name", STATEMENTS)
async def test_each_statement_can_be_prepared_by_the_service(module_database: Database, name: str) -> None:
    async with module_database.pool("case_api") as pool, pool.acquire() as connection:
        await connection.prepare(load_sql(PACKAGE, name))


FILL = """
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
"""


@pytest_asyncio.fixture(scope="module")
async def filled(running_servers: Servers, template_database: str) -> AsyncIterator[Database]:
    """A database with tables of some size, for all that look at plans."""
    async with cloned(running_servers.postgres, template_database) as database:
        async with database.connect() as connection:
            await connection.execute(FILL)
        yield database


async def plan(database: Database, name: str, *arguments: Any) -> str:
    """The plan of a statement."""
    async with database.connect() as connection:
        await connection.execute("SET search_path TO case_api, public; SET plan_cache_mode TO force_generic_plan")
        # EXPLAIN takes no parameters, but the execution of a prepared statement does.
        await connection.execute(f"PREPARE hot AS {load_sql(PACKAGE, name)}")
        values = ", ".join("NULL" if value is None else f"'{value}'" for value in arguments)
        rows = await connection.fetch(f"EXPLAIN EXECUTE hot ({values})")
        return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("name", "arguments", "index"),
    [
        ("get_case", ("d-1", "W1"), "cases_by_web_case_id"),
        ("read_outbox", (1000,), "outbox_pkey"),
        ("resend_submissions", (500, 60, 3600), "submission_states_resend"),
        ("delete_sent", ("{1,2,3}",), "outbox_pkey"),
        ("list_submissions", ("d", "W1"), "submission_changes_pkey"),
        ("list_statuses", ("W1",), "status_changes_pkey"),
        ("create_case", ("W1", *["x"] * 14, ""), "idempotency_keys_pkey"),
    ],
)
async def test_hot_statements_use_their_index(
    filled: Database, name: str, arguments: tuple[Any, ...], index: str
) -> None:
    text = await plan(filled, name, *arguments)
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


SIDE_TABLES = {
    "case_statuses": (
        "dealer, case_api.status_order(status), created_at, web_case_id, case_id, lower(created_by)",
        "dealer, status, created_at, web_case_id, case_id, creator",
    ),
    "case_ids": (
        "web_case_id, dealer, created_at, case_id, lower(created_by), case_api.searched_ids(web_case_id, case_id)",
        "web_case_id, dealer, created_at, case_id, creator, ids",
    ),
}


async def side_tables_agree(connection: Any) -> bool:
    """Whether they hold each case as it is, and no other; and each creator."""
    for table, (told, held) in SIDE_TABLES.items():
        of_cases, of_table = f"SELECT {told} FROM case_api.cases", f"SELECT {held} FROM case_api.{table}"
        for differing in (f"{of_cases} EXCEPT {of_table}", f"{of_table} EXCEPT {of_cases}"):
            if await connection.fetch(differing):
                return False
    creators = "SELECT dealer, lower(created_by) FROM case_api.cases WHERE created_by IS NOT NULL"
    return not await connection.fetch(f"{creators} EXCEPT SELECT dealer, name FROM case_api.case_creators")


async def test_side_tables_follow_whoever_writes(database: Database) -> None:
    """Triggers keep them, with rights that neither service has."""
    [draft, sent] = ("WA", "WB")
    case_api, status_sync = "case_api", "status_sync"
    drafts = "INSERT INTO cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, created_by)"
    born = "INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, case_id)"
    read = "UPDATE case_api.cases SET d365_status_mapped = 'closed', case_id = '1'"
    changes = [
        (case_api, f"{drafts} SELECT unnest(ARRAY['{draft}', '{sent}']), 'd', 'a', 'c', 'portal', 'draft', 'ann'"),
        (case_api, f"UPDATE cases SET notes = 'x' WHERE web_case_id = '{draft}'"),
        (case_api, f"UPDATE cases SET phase = 'submitted' WHERE web_case_id = '{sent}'"),
        (status_sync, f"{read} WHERE web_case_id = '{sent}'"),
        (case_api, f"UPDATE cases SET phase = 'draft' WHERE web_case_id = '{sent}'"),
        (status_sync, "UPDATE case_api.cases SET case_id = web_case_id, d365_status_mapped = 'open'"),
        (case_api, f"DELETE FROM cases WHERE web_case_id = '{draft}'"),
        (status_sync, f"{born} VALUES ('WC', 'd', 'a', 'c', 'd365', 'submitted', '2')"),
        (status_sync, "SELECT case_api.delete_case_born_in_d365('WC')"),
    ]
    async with database.connect() as connection:
        for role, change in changes:
            async with database.pool(role) as pool:
                await pool.execute(change)
                assert await side_tables_agree(connection), change
        assert await connection.fetchval("SELECT count(*) FROM case_api.case_statuses") == 1
        await connection.execute("UPDATE case_api.cases SET dealer = 'e', created_by = 'Bob'")
        assert await side_tables_agree(connection)
        await connection.execute("TRUNCATE case_api.cases CASCADE")
        assert await side_tables_agree(connection)
    for role in ("case_api", "status_sync"):
        async with database.pool(role) as pool:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute("DELETE FROM case_api.case_statuses")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute("UPDATE case_api.case_ids SET case_id = 'x'")


async def test_the_migration_takes_in_the_cases_that_there_are(database: Database) -> None:
    """As after 0004, 0007 and 0009, each interrupted while it filled or built an index; run again, they complete."""
    async with database.connect() as connection:
        await many_cases.insert(connection, 500, 5)
        await connection.execute(
            """
            DELETE FROM case_api.case_statuses WHERE random() < 0.7;
            DROP INDEX case_api.cases_by_creator;
            DROP INDEX case_api.submissions_by_time; -- what 0006 adds
            DROP TABLE case_api.case_creators; -- what 0007 adds
            DROP TABLE case_api.case_ids; -- what 0009 adds
            DROP FUNCTION case_api.month;
            DROP FUNCTION case_api.list_cases CASCADE;
            DROP FUNCTION case_api.list_changed_statuses CASCADE;
            DROP FUNCTION case_api.list_changed_ids CASCADE;
            ALTER TABLE case_api.case_statuses DROP COLUMN case_id, DROP COLUMN creator,
                ADD PRIMARY KEY (dealer, status, created_at, web_case_id);
            CREATE FUNCTION case_api.keep_case_status() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            UPDATE case_api.schema_version SET version_num = '0004';
            UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'case_api.cases_by_case_id'::regclass;
            """
        )
        await migrate(database)
        assert await side_tables_agree(connection)
        await connection.execute(
            """
            DELETE FROM case_api.case_ids WHERE random() < 0.7;
            UPDATE case_api.case_statuses SET creator = NULL, case_id = NULL WHERE random() < 0.7;
            CREATE INDEX case_statuses_covering ON case_api.case_statuses (case_id);
            UPDATE case_api.schema_version SET version_num = '0009';
            UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'case_api.case_statuses_covering'::regclass;
            """
        )
        await migrate(database)
        assert await side_tables_agree(connection)
        invalid = "SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid"
        assert await connection.fetch(invalid) == []
        assert await connection.fetchval("SELECT to_regclass('case_api.cases_by_ids') IS NULL")
        assert await connection.fetchval("SELECT to_regclass('case_api.cases_by_creator') IS NOT NULL")


async def migrate(database: Database) -> None:
    """Bring case-api's schema up to date."""
    await asyncio.to_thread(migrations.upgrade, database.url("case_migrations"), package="case_api", schema="case_api")


LISTS = {
    "newest": (ListQuery("dealer-1"), ["cases_newest"]),
    "by case_id": (ListQuery("dealer-1", sort=Sort(Column.CASE_ID)), ["cases_by_case_id"]),
    "by web_case_id": (ListQuery("dealer-1", sort=Sort(Column.WEB_CASE_ID)), ["cases_by_web_case_id"]),
    "by created_by": (ListQuery("dealer-1", sort=Sort(Column.CREATED_BY)), ["cases_by_creator"]),
    "by status": (ListQuery("dealer-1", sort=Sort(Column.STATUS)), ["case_statuses_pkey"]),
    "drafts": (ListQuery("dealer-1", Filters(statuses=(CaseStatus.DRAFT,))), ["case_statuses_pkey"]),
    "mine": (ListQuery("dealer-1", Filters(created_by="ann")), ["cases_by_creator"]),
    "searched": (
        ListQuery("dealer-1", Filters(search=Search("zzz"))),
        [r"case_ids_\d+_ids_month_creator_idx", "cases_by_creator", "case_creators_pkey"],
    ),
    "short": (ListQuery("dealer-1", Filters(search=Search("w1"))), [r"case_ids_\d+_pkey", "cases_by_case_id"]),
    "a label": (
        ListQuery("dealer-1", Filters(search=Search("draft"))),
        [r"case_ids_\d+_ids_month_creator_idx", "case_statuses_pkey"],
    ),
}


@pytest_asyncio.fixture(scope="module")
async def dealers_of_many_cases(running_servers: Servers, template_database: str) -> AsyncIterator[Database]:
    """A database with dealers of very unequal size."""
    async with cloned(running_servers.postgres, template_database) as database:
        async with database.connect() as connection:
            await many_cases.insert(connection, 3000, 20)
        yield database


@pytest.mark.parametrize("name", LISTS)
async def test_lists_use_their_indexes_whatever_the_dealer(dealers_of_many_cases: Database, name: str) -> None:
    query, indexes = LISTS[name]
    [segment, *_] = segments(query.sort, None)
    composer = Composer(query)
    bare = composer.sources.is_bare(segment)
    statement = composer.walk(segment, 26, 520) if bare else composer.gather(segment, 26, Way.BY_INDEXES, 20_000)
    options = connection_settings(5)
    async with dealers_of_many_cases.pool("case_api", settings=options) as pool, pool.acquire() as session:
        text = await explained(session, statement)
    for index in indexes:
        assert re.search(index, text), text
    assert "Seq Scan on case_ids" not in text, text
    for table in ("cases", "submission_states", "case_statuses", "case_creators"):
        assert f"Seq Scan on {table} " not in text, text
    if bare and query.sort.column is not Column.STATUS:
        assert "Bitmap" not in text, text


async def explained(session: Any, statement: Statement) -> str:
    """The plan of a list's statement as its connections make it."""
    await session.execute(f"PREPARE hot AS {statement.text}")
    values = ", ".join(_literal(value) for value in statement.arguments)
    rows = await session.fetch(f"EXPLAIN EXECUTE hot ({values})" if values else "EXPLAIN EXECUTE hot")
    await session.execute("DEALLOCATE hot")
    return "\n".join(row[0] for row in rows)


def _literal(value: Any) -> str:
    return f"'{{{','.join(map(str, value))}}}'" if isinstance(value, list | tuple) else f"'{value}'"

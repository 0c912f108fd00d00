"""Every statement fits the migrated schema and the role's grants; the hot ones use their indexes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from case_api.domain.list_query import Column, Filters, ListQuery, Place, Search, Sort
from case_api.postgres import statements
from case_api.postgres.case_list import PostgresCaseList, connection_settings
from case_api.postgres.list_statements import arguments, counts_statement, page_statement
from case_shared.database import migrations
from case_shared.database.migrations import EXPAND
from case_shared.words.actor import Actor
from case_shared.words.events import CaseStatus
from tests.support import many_cases
from tests.support.databases import Database, cloned, create_template
from tests.support.list_queries import INDEXED
from tests.support.servers import Servers


@pytest.mark.parametrize("statement", statements.Statement, ids=lambda statement: statement.value)
async def test_each_statement_can_be_prepared_by_the_service(
    module_database: Database, statement: statements.Statement
) -> None:
    async with module_database.pool("case_api") as pool, pool.acquire() as connection:
        await connection.prepare(statement.text)


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
    """A database with tables of some size, for all tests of plans."""
    async with cloned(running_servers.postgres, template_database) as database:
        async with database.connect() as connection:
            await connection.execute(FILL)
        yield database


async def plan(database: Database, name: str, *arguments: Any) -> str:
    """The plan of a statement."""
    async with database.connect() as connection:
        await connection.execute("SET search_path TO case_api, public; SET plan_cache_mode TO force_generic_plan")
        # EXPLAIN accepts no parameters, but executing a prepared statement does.
        await connection.execute(f"PREPARE hot AS {statements.Statement(name).text}")
        values = ", ".join("NULL" if value is None else f"'{value}'" for value in arguments)
        rows = await connection.fetch(f"EXPLAIN EXECUTE hot ({values})")
        return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("name", "arguments", "index"),
    [
        ("get_case", ("d-1", "W1"), "cases_pkey"),
        ("read_outbox", (1000,), "outbox_pkey"),
        ("resend_submissions", (500, 60, 3600), "submission_states_resend"),
        ("mark_sent", ("{1,2,3}",), "outbox_pkey"),
        ("list_submissions", ("d", "W1"), "submission_changes_pkey"),
        ("list_statuses", ("W1",), "status_changes_pkey"),
        ("create_case", ("W1", *["x"] * 11, "{a,b,c}", "x", "x", "", "i"), "idempotency_keys_pkey"),
        (
            "submit_cases",
            (
                *["{d}", "{W1}", '{"{1}"}', "{5f0c0e6e-0000-4000-8000-000000000000}", "{ann}", "{t}", "{f}"],
                None,
                "{}",
                60,
                "{s}",
                "{k}",
                "{x}",
                "{i}",
            ),
            "Index Only Scan Backward using submissions_pkey on submissions",
        ),
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


async def test_the_list_comes_to_its_index_while_older_code_answers(running_servers: Servers) -> None:
    """0020, interrupted while it built the index and run again, keeps what older code uses; 0025 drops it."""
    template = await create_template(running_servers.postgres, {"case_api": "0019"})
    async with cloned(running_servers.postgres, template) as database, database.connect() as connection:
        drafts = "INSERT INTO cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, created_by)"
        async with database.pool("case_api") as pool:
            await pool.execute(
                f"{drafts} SELECT 'W' || n, 'd', 'a', 'c', 'portal', 'draft', 'ann' FROM generate_series(1, 9) n"
            )
        await connection.execute(
            """
            CREATE INDEX cases_listed ON case_api.cases (dealer);
            UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'case_api.cases_listed'::regclass;
            """
        )
        await migrate(database, "0020")
        await migrate(database, EXPAND)
        await migrate(database, EXPAND)
        for web_case_id in ("WA", "WB"):
            async with database.pool("case_api") as pool:
                await pool.execute(f"{drafts} VALUES ('{web_case_id}', 'd', 'a', 'c', 'portal', 'draft', 'bob')")
                assert len(await PostgresCaseList(pool).page(ListQuery("d"), None, 26)) == 10 + (web_case_id == "WB")
                [found] = await PostgresCaseList(pool).page(
                    ListQuery("d", Filters(search=Search(web_case_id.lower()))), None, 26
                )
                assert found.case.created_by == "bob"
            if web_case_id == "WA":
                for table in ("case_statuses", "case_ids"):
                    assert await connection.fetchval(f"SELECT count(*) FROM case_api.{table}") == 10
                await migrate(database)
                await connection.execute("UPDATE case_api.schema_version SET version_num = '0023'")
                await migrate(database)  # as after an interruption
                await migrate(database, EXPAND)  # nothing: it is past that
        triggers = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'case_api.cases'::regclass AND NOT tgisinternal"
        assert await connection.fetchval(triggers) == "cases_origin"
        assert await connection.fetch("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid") == []
        for gone in ("case_ids", "case_statuses", "case_creators", "cases_newest", "cases_by_creator"):
            assert await connection.fetchval("SELECT to_regclass($1) IS NULL", f"case_api.{gone}"), gone


async def test_status_sync_reads_contacts_only_until_older_code_is_gone(running_servers: Servers) -> None:
    """status-sync before 0012 reads them: it must run beside its successor, and one can go back to it."""
    template = await create_template(running_servers.postgres, {"case_api": EXPAND})
    async with cloned(running_servers.postgres, template) as database:
        async with database.pool("status_sync") as pool:
            await pool.fetch("SELECT contact_name, contact_email, contact_phone, emptied_at FROM case_api.cases")
            await pool.fetch("SELECT traceparent FROM case_api.submissions")  # which its successor reads
        await migrate(database)
        async with database.pool("status_sync") as pool:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.fetch("SELECT contact_name FROM case_api.cases")
            await pool.fetch("SELECT emptied_at, named_in_d365, status FROM case_api.cases")


async def migrate(database: Database, revision: str = "head") -> None:
    """Bring case-api's schema up to `revision`."""
    url = database.url("case_migrations")
    await asyncio.to_thread(migrations.upgrade, url, package="case_api", schema="case_api", revision=revision)


LISTS = {
    "newest": ListQuery("dealer-1"),
    "oldest": ListQuery("dealer-1", sort=Sort(descending=False)),
    "searched": ListQuery("dealer-1", Filters(search=Search("zzz"))),
    "of some days": ListQuery("dealer-1", Filters(created_from=datetime(2026, 1, 1, tzinfo=UTC))),
    "drafts": ListQuery("dealer-1", Filters(statuses=(CaseStatus.DRAFT,), undelivered=False)),
    "of a user": ListQuery("dealer-1", Filters(created_by="ann")),
    "of a category": ListQuery("dealer-1", Filters(search=Search("zzz"), category="Parts")),
    "mine": ListQuery("dealer-1", Filters(mine=Actor("ann", "1", "issuer"))),
    **{f"by {column}": ListQuery("dealer-1", sort=Sort(column)) for column in Column},
    **{
        f"searched by {column}": ListQuery("dealer-1", Filters(search=Search("oil")), Sort(column)) for column in Column
    },
}
IN_ROWS = {"of a category", "mine"} | {
    f"{prefix}by {column}"
    for prefix in ("", "searched ")
    for column in (Column.CATEGORY, Column.PRIORITY, Column.DESCRIPTION, Column.UPDATED_AT, Column.SUBMITTED_AT)
}


@pytest_asyncio.fixture(scope="module")
async def dealers_of_many_cases(running_servers: Servers, template_database: str) -> AsyncIterator[Database]:
    """A database with dealers of very different sizes."""
    async with cloned(running_servers.postgres, template_database) as database:
        async with database.connect() as connection:
            await many_cases.insert(connection, 3000, 20)
        yield database


@pytest.mark.parametrize("name", LISTS)
async def test_lists_scan_their_index_alone_whatever_the_dealer(dealers_of_many_cases: Database, name: str) -> None:
    query = LISTS[name]
    value: Any = {Column.STATUS: 4, Column.WEB_CASE_ID: "W1"}.get(query.sort.column, datetime(2026, 1, 1, tzinfo=UTC))
    place = Place(value if query.sort.column not in TEXTS else "x", datetime(2026, 1, 1, tzinfo=UTC), "W1")
    async with dealers_of_many_cases.pool("case_api", settings=connection_settings(5)) as pool:
        for after in (None, place):
            statement = page_statement(query, after)
            scans = list(nodes(await explained(pool, statement, *arguments(query), *(after or [None] * 3), 26)))
            in_index = [scan for scan in scans if scan.get("Index Name") == "cases_listed"]
            # The two ends of the slice, for a sort by another column of the index, and the slice.
            assert len(in_index) == (3 if query.sort.column in INDEXED[1:] else 1)
            assert {(scan["Node Type"], scan["Heap Fetches"]) for scan in in_index} == {("Index Only Scan", 0)}, scans
            keys = sorted(scan["Index Name"] for scan in scans if scan["Node Type"] == "Index Scan")
            # Whether a case without a Case ID is delivered is not asked of the others, as of drafts.
            asked = [scan for scan in scans if scan.get("Parent Relationship") == "SubPlan" and name == "drafts"]
            assert [scan["Actual Loops"] for scan in asked] == [0] * (name == "drafts")
            assert keys.count("cases_pkey") == 1 + (name in IN_ROWS) * len(in_index) + len(asked), keys
            assert "submission_states_pkey" in keys
            [*_, page] = [scan for scan in scans if scan["Node Type"] == "Limit"]
            sorts = [scan for scan in nodes(page) if scan["Node Type"] == "Sort"]
            assert bool(sorts) == (query.sort.column is not Column.CREATED_AT)
            [*_, slice_] = in_index
            if query.sort.column is Column.CREATED_AT and after is not None:
                assert "created_at" in slice_["Index Cond"]
        counted = await explained(pool, counts_statement(query), *arguments(query))
        assert "Index Only Scan" in {scan["Node Type"] for scan in nodes(counted)}


TEXTS = {Column.CASE_ID, Column.CATEGORY, Column.PRIORITY, Column.DESCRIPTION, Column.CREATED_BY}


async def explained(pool: Any, statement: str, *values: Any) -> dict[str, Any]:
    """The plan of a list's statement on connections like the service's."""
    [plan] = await pool.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *values)
    found: dict[str, Any] = plan["Plan"]
    return found


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All nodes of a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)

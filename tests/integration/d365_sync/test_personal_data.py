"""Personal data is deleted, in time or immediately, in every table; docs list each column with such data."""

import asyncio
import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from case_shared.database.leadership import Lease
from case_shared.database.postgres import Connection
from case_shared.database.retention import Retention, Rule
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.words.identifiers import new_web_case_id
from d365_sync.postgres.statements import Statement
from status_sync.postgres.statements import Statement as Reading
from tests.integration.d365_sync.conftest import Queue
from tests.integration.d365_sync.operators import ISSUER, Api
from tests.support.databases import Database
from tests.support.eventually import eventually

RETENTION_MD = Path(__file__).parents[3] / "docs/retention.md"
SCHEMAS = ["case_api", "d365_sync", "status_sync", "portal_web"]
# A case long ago with every possible copy of its texts, each with this word; it shows whether anything is left.
MARK = "zebra"
FILL = (Path(__file__).parents[2] / "support/personal_data.sql").read_text(encoding="utf-8")
# Whether a statement in the database waits for a lock.
WAITS = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'"
LONG_AGO, LATELY = "2020-01-01", f"{datetime.now(UTC):%Y-%m-%d}"


async def fill(connection: Connection, state: str = "delivered", d365: str | None = None, at: str = LONG_AGO) -> str:
    """A case with texts in every table; `d365`: its status there since `at`."""
    web_case_id = new_web_case_id()
    await connection.execute(FILL.format(id=web_case_id, state=state, at=at))
    if d365:
        await connection.execute(
            "UPDATE case_api.cases SET case_id = web_case_id, d365_status_mapped = $2, d365_description = 'zebra',"
            " status_as_of = now(), read_began_at = $3::text::timestamptz WHERE web_case_id = $1",
            web_case_id, d365, at,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO status_sync.status_changes VALUES ($1, $2::text::timestamptz, $3)", web_case_id, at, d365
        )
    return web_case_id


async def born(connection: Connection) -> str:
    """A case from D365, closed long ago."""
    web_case_id = new_web_case_id()
    await connection.execute(
        "INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, created_at,"
        " case_id, d365_status_mapped, d365_description, status_as_of, read_began_at) VALUES ($1, 'd', 'usmf', 'C',"
        " 'd365', 'submitted', $2::text::timestamptz, $1, 'closed', 'zebra', now(), now())",
        web_case_id, LONG_AGO,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO status_sync.status_changes VALUES ($1, $2::text::timestamptz, 'closed')", web_case_id, LONG_AGO
    )
    return web_case_id


async def columns(connection: Connection) -> set[str]:
    """Every column that can contain texts."""
    rows = await connection.fetch(
        "SELECT format('%s.%s.%s', c.table_schema, c.table_name, c.column_name) AS name"
        " FROM information_schema.columns c JOIN information_schema.tables t"
        " USING (table_schema, table_name) WHERE table_schema = ANY ($1)"
        " AND t.table_type = 'BASE TABLE' AND table_name <> 'schema_version' AND table_name !~ '^case_ids_[0-9]+$'"
        " AND c.data_type IN ('text', 'jsonb', 'bytea', 'ARRAY', 'character varying')",
        SCHEMAS,
    )
    return {row["name"] for row in rows}


async def left(connection: Connection, web_case_ids: Sequence[str]) -> list[str]:
    """The tables that still have a text of these cases."""
    tables = sorted({name.rpartition(".")[0] for name in await columns(connection)})
    found = []
    for table in tables:
        rows = await connection.fetch(f"SELECT t::text AS row FROM {table} AS t")
        texts = [row["row"].replace(MARK.encode().hex(), MARK) for row in rows]
        found += [table for text in texts if MARK in text and any(one in text for one in web_case_ids)]
    return found


async def sweep(database: Database) -> None:
    """One pass of the rule, as the service's leader does."""
    clock = SystemClock()
    async with database.pool("d365_sync") as pool:
        both = (Statement.EMPTY_CASES, Statement.EMPTY_CASES_AGAIN)
        rules = [Rule(str(one), one.text, 730) for one in both]
        retention = Retention(pool, rules, Heartbeats(clock), 300, pause_seconds=0.0)
        await retention.apply(Lease("retention", 1, clock, clock.monotonic() + 60), asyncio.Event())


async def test_words_end_after_the_case_and_do_not_come_back(database: Database) -> None:
    async with database.connect() as connection:
        ended = [
            await fill(connection, d365="closed"),
            await fill(connection, d365="canceled"),
            await fill(connection, "discarded"),
        ]
        returned = await fill(connection, "returned")
        await connection.execute("UPDATE case_api.cases SET phase = 'draft' WHERE web_case_id = $1", returned)
        ended += [returned, await born(connection)]
        kept = [await fill(connection, state) for state in ("failed", "pending", "deferred", "delivered")]
        kept += [await fill(connection, d365="open"), await fill(connection, d365="closed", at=LATELY)]
        # A case that moved or was deleted in D365 has no further changes.
        for column in ("moved_at", "deleted_in_d365_at"):
            for cases, since in ((ended, LONG_AGO), (kept, LATELY)):
                cases.append(await fill(connection, d365="open"))
                leave = f"UPDATE case_api.cases SET {column} = $2::text::timestamptz WHERE web_case_id = $1"
                await connection.execute(leave, cases[-1], since)
        # Closed in D365, but a submission of it is in progress.
        kept += [await fill(connection, "verifying", "closed")]
        draft = await fill(connection, "delivered")
        await connection.execute(
            "UPDATE case_api.cases SET phase = 'draft', submission_no = 0 WHERE web_case_id = $1", draft
        )
        for table in ("submission_states", "submissions"):
            await connection.execute(f"DELETE FROM case_api.{table} WHERE web_case_id = $1", draft)

        await sweep(database)

        assert await left(connection, ended) == []
        rows = await connection.fetch("SELECT web_case_id FROM case_api.cases WHERE emptied_at IS NULL")
        assert {row["web_case_id"] for row in rows} == {*kept, draft}
        assert len(await left(connection, kept)) == len(kept) * 12
        [case] = await connection.fetch("SELECT * FROM case_api.cases WHERE web_case_id = $1", ended[0])
        assert (case["category"], case["status"], case["case_id"], case["created_by"]) == (
            "Warranty",
            "closed",
            ended[0],
            "ann",
        )

        # A poll, or an event, reads the closed case again.
        async with database.pool("status_sync") as pool:
            read = (
                [ended[0]],
                [ended[0]],
                ["Open"],
                ["open"],
                ["Parts"],
                ["Service"],
                [None],
                [MARK],
                [None],
                [False],
                [True],
            )
            await pool.fetch(Reading.UPDATE_FROM_READ.text, datetime.now(UTC), *read)
        assert await left(connection, ended) == []
        assert await connection.fetchval("SELECT status FROM case_api.cases WHERE web_case_id = $1", ended[0]) == "open"


async def test_words_that_operators_wrote_later_end_as_long_after_them(database: Database) -> None:
    later = """
        UPDATE d365_sync.documents SET reason = 'zebra', changed_at = $2 WHERE web_case_id = $1;
        INSERT INTO d365_sync.audit (actor, action, web_case_id, submission_no, reason, at)
        VALUES ('olga', 'discard', $1, 1, 'zebra', $2);
        INSERT INTO d365_sync.notes (web_case_id, submission_no, author, text, at) VALUES ($1, 1, 'olga', 'zebra', $2)
        """
    async with database.connect() as connection:
        old, young, waiting = [await fill(connection, state) for state in ("discarded", "discarded", "failed")]
        await connection.fetch("SELECT d365_sync.empty_personal_data($1)", [old, young, waiting])
        for table, column in (("case_api.cases", "emptied_at"), ("d365_sync.audit", "at"), ("d365_sync.notes", "at")):
            await connection.execute(f"UPDATE {table} SET {column} = '2020-01-02'")
        for case, at in ((old, "2021-01-01"), (young, LATELY), (waiting, "2021-01-01")):
            for statement in later.split(";"):
                await connection.execute(statement.replace("$1", f"'{case}'").replace("$2", f"'{at}'"))
        assert await left(connection, [old]) != []

        await sweep(database)

        assert await left(connection, [old]) == []
        assert len(await left(connection, [young])) == len(await left(connection, [waiting])) == 3


@pytest.mark.parametrize(
    "meanwhile",
    ["description = 'zebra, as before', version = version + 1, updated_at = now()", "d365_status_mapped = 'open'"],
    ids=["a draft is saved", "a case is reopened"],
)
async def test_a_case_that_is_changed_while_the_sweep_waits_for_it_keeps_its_words(
    database: Database, meanwhile: str
) -> None:
    async with database.connect() as connection, database.connect() as other:
        if reopened := "d365_status_mapped" in meanwhile:
            case = await fill(connection, d365="closed")
        else:
            case = await fill(connection, "returned")
            await connection.execute("UPDATE case_api.cases SET phase = 'draft' WHERE web_case_id = $1", case)
        ended = await fill(connection, d365="closed")
        transaction = other.transaction()
        await transaction.start()
        await other.execute("SELECT FROM case_api.cases WHERE web_case_id = $1 FOR UPDATE", case)

        async with asyncio.TaskGroup() as sweeping:
            sweeping.create_task(sweep(database))
            await eventually(lambda: connection.fetchval(WAITS, database.name))
            await other.execute(f"UPDATE case_api.cases SET {meanwhile} WHERE web_case_id = $1", case)
            await transaction.commit()

        assert await left(connection, [ended]) == []
        assert len(await left(connection, [case])) == 12
        assert await connection.fetchval("SELECT status FROM case_api.cases WHERE web_case_id = $1", case) == (
            "open" if reopened else "draft"
        )


@pytest.mark.parametrize(
    "whose", [{"web_case_id": ""}, {"user": "s-1"}, {"user": "ann"}, {"contact": "Zebra@X.example"}]
)
async def test_words_are_erased_at_once(api: Api, queue: Queue, whose: dict[str, str]) -> None:
    headers = {"Authorization": "Bearer s-9~olga|personal-data:erase audit:read"}
    async with queue.database.connect() as connection:
        failed, going = await fill(connection, "failed", at=LATELY), await fill(connection, "deferred", at=LATELY)

        async def erase(dealer: str = "d", **more: object) -> tuple[int, dict[str, object]]:
            whose_now = {name: value or failed for name, value in whose.items()}
            body = {"dealer": dealer, "reason": "asked for", **whose_now, **more}
            answer = await api.client.post("/v1/erasures", json=body, headers=headers)
            return answer.status_code, answer.json()

        assert (await erase("nobody"))[0] == 404
        one = "web_case_id" in whose
        status, found = await erase(dry_run=True)
        assert (status, found["web_case_ids"]) == (200, [failed] if one else sorted([failed, going]))
        if not one:
            status, found = await erase()
            assert (status, found["type"], found["web_case_ids"]) == (
                409,
                "urn:casebridge:problem:case-on-its-way",
                [going],
            )
            await connection.execute("UPDATE d365_sync.documents SET state = 'failed' WHERE web_case_id = $1", going)
            await connection.execute(
                "UPDATE case_api.submission_states SET state = 'failed' WHERE web_case_id = $1", going
            )
        assert len(await left(connection, [failed])) == 12, "nothing was erased yet"

        for _ in range(2):  # safe to repeat
            status, found = await erase()
            assert status == 200
            assert await left(connection, [failed]) == []
        if not one:
            assert await left(connection, [going]) == []
        entry = (await api.client.get("/v1/audit", params={"action": "erase"}, headers=headers)).json()["items"][0]
        assert (entry["actor"], entry["actor_subject"], entry["actor_issuer"]) == ("olga", "s-9", ISSUER)
        assert (entry["reason"], entry["web_case_id"] in (failed, going)) == ("asked for", True)
        of_one = {"action": "erase", "document": f"{entry['web_case_id']}-1"}
        assert entry in (await api.client.get("/v1/audit", params=of_one, headers=headers)).json()["items"]
        file = await api.client.get("/v1/audit.csv", params=of_one, headers=headers)
        assert {row["web_case_id"] for row in csv.DictReader(io.StringIO(file.text))} == {entry["web_case_id"]}
        assert whose.get("contact", MARK).lower() not in str(entry).lower()


async def test_what_is_kept_is_documented_column_by_column(database: Database) -> None:
    written: list[str] = re.findall(
        r"`((?:case_api|d365_sync|status_sync|portal_web)\.[a-z_0-9.]+: [^`]+)`",
        RETENTION_MD.read_text(encoding="utf-8"),
    )
    listed = [
        f"{table}.{column}"
        for entry in written
        for table, _, names in [entry.partition(": ")]
        for column in names.split()
    ]
    assert len(listed) == len({*listed}), "a column stands in two lists"
    async with database.connect() as connection:
        found = await columns(connection)
    assert sorted(found - {*listed}) == [], (
        "docs/retention.md must say whether these hold personal data, and when it ends"
    )
    assert sorted({*listed} - found) == [], "there are no such columns any more"

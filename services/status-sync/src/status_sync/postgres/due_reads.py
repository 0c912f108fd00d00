"""Table due_reads: which cases are due for a read of D365."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from case_shared.database.postgres import Connection, Pool
from case_shared.words.events import CaseStatus
from status_sync.app.find_absent import Numbers
from status_sync.app.link_delivered import Delivered
from status_sync.app.read_due_cases import Taken
from status_sync.app.read_part import Postponed
from status_sync.domain.due_reads import RETRIES, UNTRACED, CaseKey, DueRead, KeyKind
from status_sync.postgres.statements import Statement


@dataclass(frozen=True)
class DueReadStore:
    """Events make cases due in their batch's transaction; reads take and settle in their own."""

    pool: Pool

    async def make_due(
        self, connection: Connection, keys: Sequence[CaseKey], traces: Mapping[CaseKey, str | None] = UNTRACED
    ) -> None:
        """Make `keys` (sorted, each once) due now; `traces`: of what makes them due."""
        await connection.execute(Statement.MAKE_DUE.text, *_keys(keys), [traces.get(key) for key in keys])

    async def make_due_now(self, keys: Sequence[CaseKey]) -> None:
        """Make `keys` (sorted, each once) due now, in a transaction of their own."""
        async with self.pool.acquire() as connection:
            await self.make_due(connection, keys)

    async def make_cases_due(
        self, connection: Connection, cases: Sequence[Delivered], traces: Mapping[str, str | None]
    ) -> None:
        """Make the cases due now, by the Case IDs that D365 gave them; `traces` by Web Case ID."""
        web_case_ids, case_ids = [one.web_case_id for one in cases], [one.case_id for one in cases]
        theirs = [traces.get(web_case_id) for web_case_id in web_case_ids]
        await connection.execute(Statement.MAKE_CASES_DUE.text, web_case_ids, case_ids, theirs)

    async def make_open_cases_due(
        self, ended: Mapping[str, CaseStatus], lately: timedelta, every: timedelta, cases_per_second: float
    ) -> int | None:
        """Make each case that has not ended, or changed `lately`, due; return how many.

        None if the last sweep is younger than `every`.
        """
        symbols, statuses = list(ended), list(ended.values())
        made_due: int | None = await self.pool.fetchval(
            Statement.MAKE_OPEN_CASES_DUE.text, every, cases_per_second, RETRIES, symbols, statuses, lately
        )
        return made_due

    async def make_restored_due(self, overlap: timedelta, cases_per_second: float) -> int | None:
        """Make each case due that changed after a D365 restore's time less `overlap`; return how many."""
        made_due: int | None = await self.pool.fetchval(
            Statement.MAKE_RESTORED_CASES_DUE.text, overlap, cases_per_second
        )
        return made_due

    async def take(self, limit: int, leave_alone: Collection[str] = ()) -> Taken:
        """Return what is due now, at most `limit` per legal entity; it stays due until it is settled."""
        rows = await self.pool.fetch(Statement.TAKE_DUE_READS.text, limit, leave_alone)
        due = [
            DueRead(
                CaseKey(row["data_area_id"], KeyKind(row["key_kind"]), row["key"]),
                row["version"],
                row["misses"],
                row["traceparent"],
            )
            for row in rows
        ]
        return Taken(rows[0]["began_at"] if rows else datetime.now(UTC), due)

    async def find_numbers(self, data_area_id: str, case_ids: Collection[str]) -> Numbers:
        """Return which of these Case IDs belong to followed rows, and others as controls."""
        rows = await self.pool.fetch(Statement.FIND_NUMBERS.text, data_area_id, list(case_ids))
        followed = {row["case_id"]: row["web_case_id"] for row in rows if row["web_case_id"]}
        shown = {row["case_id"] for row in rows if row["web_case_id"] and row["shown"]}
        return Numbers(followed, shown, {row["case_id"] for row in rows if not row["web_case_id"]})

    async def find_reused(self, data_area_id: str, web_case_ids: Collection[str]) -> Collection[str]:
        """Return which of these rows lost their Case ID to another case, after D365 had shown their Web Case ID."""
        rows = await self.pool.fetch(Statement.FIND_REUSED.text, data_area_id, list(web_case_ids))
        return {row["web_case_id"] for row in rows}

    async def read_begins(self) -> datetime:
        """Return the database's time now."""
        now: datetime = await self.pool.fetchval(Statement.READ_BEGINS.text)
        return now

    async def settle(self, done: Sequence[DueRead], postponed: Sequence[Postponed]) -> None:
        """Delete or postpone what was read, unless it was made due again since."""
        if done:
            await self.pool.execute(Statement.DELETE_DUE_READS.text, *_keys([one.key for one in done]), _versions(done))
        if postponed:
            due = [one.due for one in postponed]
            await self.pool.execute(
                Statement.POSTPONE_DUE_READS.text,
                *_keys([one.key for one in due]),
                _versions(due),
                [one.misses for one in postponed],
                [one.after for one in postponed],
            )


def _keys(keys: Sequence[CaseKey]) -> tuple[list[str], list[str], list[str]]:
    return [key.data_area_id for key in keys], [key.kind for key in keys], [key.key for key in keys]


def _versions(due: Sequence[DueRead]) -> list[int]:
    return [one.version for one in due]

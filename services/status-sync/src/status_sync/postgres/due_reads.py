"""Table due_reads: which cases are due for a read of D365."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from case_shared.postgres import Connection, Pool
from status_sync.app.read_due_cases import Postponed, Taken
from status_sync.domain.due_reads import RETRIES, CaseKey, DueRead, KeyKind
from status_sync.postgres import statement


@dataclass(frozen=True)
class DueReadStore:
    """Doorbells ring in their batch's transaction, reads take and settle in their own."""

    pool: Pool

    async def ring(self, connection: Connection, keys: Sequence[CaseKey]) -> None:
        """Make `keys` (sorted, each once) due now."""
        await connection.execute(statement("ring_due_reads"), *_keys(keys))

    async def ring_cases(self, connection: Connection, web_case_ids: Sequence[str]) -> None:
        """Make the cases due now, by their Case IDs."""
        await connection.execute(statement("ring_delivered_cases"), web_case_ids)

    async def ring_open_cases(self, ended: Collection[str], every: timedelta, cases_per_second: float) -> int | None:
        """Make each case that is not at an end due, if the last sweep is older than `every`; returns how many."""
        rung: int | None = await self.pool.fetchval(
            statement("ring_open_cases"), every, cases_per_second, RETRIES, ended
        )
        return rung

    async def take(self, limit: int, leave_alone: Collection[str] = ()) -> Taken:
        """What is due now, at most `limit` of each legal entity; it stays there until it is settled."""
        rows = await self.pool.fetch(statement("take_due_reads"), limit, leave_alone)
        due = [
            DueRead(CaseKey(row["data_area_id"], KeyKind(row["key_kind"]), row["key"]), row["version"], row["misses"])
            for row in rows
        ]
        return Taken(rows[0]["began_at"] if rows else datetime.now(UTC), due)

    async def settle(self, done: Sequence[DueRead], postponed: Sequence[Postponed]) -> None:
        """Delete or postpone what was read, each only if nobody has rung for it since."""
        if done:
            await self.pool.execute(statement("delete_due_reads"), *_keys([one.key for one in done]), _versions(done))
        if postponed:
            due = [one.due for one in postponed]
            await self.pool.execute(
                statement("postpone_due_reads"),
                *_keys([one.key for one in due]),
                _versions(due),
                [one.misses for one in postponed],
                [one.after for one in postponed],
            )


def _keys(keys: Sequence[CaseKey]) -> tuple[list[str], list[str], list[str]]:
    return [key.data_area_id for key in keys], [key.kind for key in keys], [key.key for key in keys]


def _versions(due: Sequence[DueRead]) -> list[int]:
    return [one.version for one in due]

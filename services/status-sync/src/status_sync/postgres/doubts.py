"""Table environment_doubts: what makes D365 look like another environment than before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from case_shared.database.postgres import Connection, Pool
from status_sync.domain.doubts import Doubt
from status_sync.domain.due_reads import RETRIES
from status_sync.postgres.statements import Statement


@dataclass(frozen=True)
class DoubtStore:
    """Notes doubts in the caller's transaction."""

    pool: Pool

    async def note(self, connection: Connection, kind: Doubt, examples: Mapping[str, str]) -> bool:
        """Note a doubt for each of these legal entities, with an example; return whether one is new."""
        areas = sorted(examples)
        rows = await connection.fetch(Statement.NOTE_DOUBTS.text, kind, areas, [examples[area] for area in areas])
        return any(row["new"] for row in rows)

    async def read_all_again(self, connection: Connection) -> None:
        """Make the next poll and the next sweep read everything."""
        await connection.execute(Statement.READ_ALL_AGAIN.text)

    async def make_controls_due(self, every: timedelta) -> int | None:
        """Make a few known cases of each legal entity due; None if the last time is younger than `every`."""
        made_due: int | None = await self.pool.fetchval(Statement.MAKE_CONTROLS_DUE.text, every, RETRIES)
        return made_due

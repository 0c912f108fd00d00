"""Cases for the live streams."""

from collections.abc import Collection
from dataclasses import dataclass

from case_api.domain.overlay import LiveCase
from case_api.postgres.rows import case_of
from case_shared.postgres import Pool, load_sql


@dataclass(frozen=True, slots=True)
class PostgresLiveStore:
    """case_api.app.live_streams.LiveStore."""

    pool: Pool

    async def find(self, web_case_ids: Collection[str], dealers: Collection[str]) -> list[LiveCase]:
        """Those of the cases that belong to one of the dealers."""
        statement = load_sql("case_api.postgres", "find_live_cases")
        rows = await self.pool.fetch(statement, list(web_case_ids), list(dealers))
        return [LiveCase(case_of(row), row["submission_id"], row["revision"] or 0) for row in rows]

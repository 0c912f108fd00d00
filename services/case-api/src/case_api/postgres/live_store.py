"""Cases for the live streams."""

from collections.abc import Collection
from dataclasses import dataclass

import asyncpg

from case_api.domain.overlay import Delivery, LiveCase
from case_api.postgres.rows import case_of
from case_api.postgres.statements import Statement
from case_shared.database.postgres import Pool
from case_shared.words.events import SubmissionState


@dataclass(frozen=True, slots=True)
class PostgresLiveStore:
    """case_api.app.live_streams.LiveStore."""

    pool: Pool

    async def find(self, web_case_ids: Collection[str], dealers: Collection[str]) -> list[LiveCase]:
        """Return those of the cases that belong to one of the dealers."""
        statement = Statement.FIND_LIVE_CASES.text
        rows = await self.pool.fetch(statement, list(web_case_ids), list(dealers))
        return [LiveCase(case_of(row), row["revision"] or 0, _delivery(row)) for row in rows]


def _delivery(row: asyncpg.Record) -> Delivery | None:
    if row["newest_revision"] is None:
        return None
    return Delivery(
        revision=row["newest_revision"],
        state=SubmissionState(row["newest_state"]),
        case_id=row["newest_case_id"],
        cause=row["newest_cause"],
        reason=row["newest_reason"],
        attempts=row["newest_attempts"],
        delivered_at=row["newest_delivered_at"],
    )

"""Documents are their own outbox: revisions that Kafka has not got yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from case_shared.events import AttemptSummary, CaseDelivery, SubmissionState
from case_shared.postgres import Pool, load_sql
from d365_sync.app.ports import Unpublished

_PACKAGE = "d365_sync.postgres"


@dataclass(frozen=True)
class PostgresOutbox:
    """Implements `app.ports.Outbox`."""

    pool: Pool

    async def unpublished(self, limit: int) -> list[Unpublished]:
        """The newest revision of each document that has unpublished ones, longest waiting first."""
        rows = await self.pool.fetch(load_sql(_PACKAGE, "select_unpublished"), limit)
        return [Unpublished(_event(row), row["traceparent"]) for row in rows]

    async def mark_published(self, events: Sequence[CaseDelivery]) -> None:
        """Note that Kafka has `events`."""
        await self.pool.execute(
            load_sql(_PACKAGE, "mark_published"),
            [event.web_case_id for event in events],
            [event.submission_no for event in events],
            [event.revision for event in events],
        )


def _event(row: asyncpg.Record) -> CaseDelivery:
    return CaseDelivery(
        web_case_id=row["web_case_id"],
        submission_no=row["submission_no"],
        submission_id=UUID(int=row["submission_id"].int),
        revision=row["revision"],
        state=SubmissionState(row["state"]),
        cause=row["cause"],
        reason=row["reason"],
        case_id=row["case_id"],
        attempts=tuple(AttemptSummary.model_validate(attempt) for attempt in row["attempts"]),
        occurred_at=row["changed_at"],
    )

"""Documents are their own outbox: revisions that Kafka has not got yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog
from prometheus_client import Counter
from pydantic import ValidationError

from case_shared.events import AttemptSummary, CaseDelivery, SubmissionState
from case_shared.postgres import Pool, load_sql
from d365_sync.app.ports import Unpublished
from d365_sync.domain.document import DocumentId
from d365_sync.postgres.documents import problems

log = structlog.get_logger(__name__)
_untold = Counter("d365_sync_untold_revisions_total", "Revisions that fit no event: an alarm")
_PACKAGE = "d365_sync.postgres"


@dataclass(frozen=True)
class PostgresOutbox:
    """Implements `app.ports.Outbox`."""

    pool: Pool

    async def unpublished(self, limit: int) -> list[Unpublished]:
        """The newest revision of each document that has unpublished ones, longest waiting first.

        One that fits no event is noted as such, with the cause: it holds nobody up, and is tried again when asked for.
        """
        unpublished, untold = [], []
        for row in await self.pool.fetch(load_sql(_PACKAGE, "select_unpublished"), limit):
            try:
                unpublished.append(Unpublished(_event(row), row["traceparent"]))
            except ValidationError as error:
                why = f"this revision cannot be told to the dealer's side: {problems(error)}"
                untold.append((row["web_case_id"], row["submission_no"], row["revision"], why))
        if untold:
            await self._note_untold(untold)
        return unpublished

    async def _note_untold(self, untold: Sequence[tuple[str, int, int, str]]) -> None:
        for web_case_id, submission_no, _, why in untold:
            _untold.inc()
            log.critical("revision_untold", document=str(DocumentId(web_case_id, submission_no)), why=why)
        columns = [list(column) for column in zip(*untold, strict=True)]
        await self.pool.execute(load_sql(_PACKAGE, "note_untold"), *columns)

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

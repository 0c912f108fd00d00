"""Publishes what a dealer sees change in a case, whether a read of D365 or a delivery changed it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

import structlog

from case_shared.database.postgres import Connection
from case_shared.process.clock import Clock
from case_shared.process.telemetry import trace_id_of
from case_shared.words.events import CaseStatus, CaseStatusChanged, Record

log = structlog.get_logger(__name__)


class Changed(NamedTuple):
    """A row as it is since `as_of`; `case_id`: the one that it had, if it lost that."""

    web_case_id: str
    dealer: str
    case_id: str
    status: CaseStatus
    d365_status: str | None
    as_of: datetime


class Outbox(Protocol):
    """Events that wait to be published."""

    async def append(self, connection: Connection, records: Sequence[Record]) -> None:
        """Add `records` in the caller's transaction."""


@dataclass(frozen=True)
class AnnounceChanges:
    """Announces rows that change without a read; their events are no evidence that D365 has a submission."""

    outbox: Outbox
    clock: Clock

    async def handle(
        self, connection: Connection, changed: Sequence[Changed], traces: Mapping[str, str | None]
    ) -> None:
        """Announce `changed` in the caller's transaction; `traces` by Web Case ID."""
        now = self.clock.now()
        records = [announcement(row, now, traces.get(row.web_case_id)) for row in changed]
        if records:
            await self.outbox.append(connection, records)


def announcement(row: Changed, now: datetime, traceparent: str | None, submission_id: UUID | None = None) -> Record:
    """Return the event of a change; `submission_id`: the submission that was seen in D365."""
    event = CaseStatusChanged(
        dealer=row.dealer,
        web_case_id=row.web_case_id,
        case_id=row.case_id,
        submission_id=submission_id,
        status=row.status,
        d365_status=row.d365_status,
        status_as_of=row.as_of,
    )
    ids = {"web_case_id": row.web_case_id, "case_id": row.case_id, "trace_id": trace_id_of(traceparent)}
    log.info("case_status_changed", **ids, status=row.status)
    return Record.of(event, source="status-sync", time=now, traceparent=traceparent)

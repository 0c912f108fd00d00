"""Documents are their own outbox: revisions that Kafka does not have yet.

If several came meanwhile, only the newest is published. What was sent but not noted is sent again; readers keep the
greater revision.
"""

from uuid import UUID

import asyncpg
from pydantic import ValidationError

from case_shared.kafka.outbox import Outbox, UnsendableRecord
from case_shared.kafka.topics import CASE_DELIVERY
from case_shared.process.fault_points import FaultPoint
from case_shared.words.events import AttemptSummary, CaseDelivery, Record, SubmissionState
from d365_sync.postgres.document_rows import problems
from d365_sync.postgres.statements import Statement


def event_of(row: asyncpg.Record) -> CaseDelivery:
    """The event of a document's newest revision. Raises `ValidationError` if it does not fit the model."""
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


def _record_of(row: asyncpg.Record) -> Record:
    try:
        event = event_of(row)
    except ValidationError as error:
        raise UnsendableRecord(f"this revision cannot be published as an event: {problems(error)}") from None
    return Record.of(event, source="d365-sync", time=event.occurred_at, traceparent=row["traceparent"])


OUTBOX = Outbox(
    CASE_DELIVERY,
    published=FaultPoint.DELIVERIES_PUBLISHED,
    read=Statement.READ_OUTBOX,
    mark_sent=Statement.MARK_SENT,
    set_aside=Statement.SET_ASIDE_REFUSED,
    measure=Statement.MEASURE_OUTBOX,
    id_columns=("web_case_id", "submission_no", "revision"),
    record_of=_record_of,
)

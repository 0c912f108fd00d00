"""What the consumers write, inside the batch's own transaction."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import structlog

from case_shared.database.postgres import Connection
from case_shared.process.telemetry import trace_id_of
from case_shared.words.errors import UnknownRecords
from case_shared.words.events import CaseStatusChanged, CaseSubmitted
from d365_sync.postgres.documents import deliver_by_evidence
from d365_sync.postgres.statements import Statement

log = structlog.get_logger(__name__)
_UNKNOWN = (
    "case-api has no such submission: case-api did not write this record, or the database was restored without "
    "`case_api restored`"
)


class Submitted(NamedTuple):
    """A submission that a record names, and its trace."""

    event: CaseSubmitted
    traceparent: str | None


async def take_in(connection: Connection, submitted: Sequence[Submitted]) -> None:
    """Write submissions into the document queue; publish again the state of those already there.

    Anybody who may write to the topic could order a case for any dealer. So a record only names a submission, and D365
    gets what case-api has stored. Raises `UnknownRecords` for submissions that case-api does not have.
    """
    known = await connection.fetch(
        Statement.TAKE_IN.text,
        [item.event.web_case_id for item in submitted],
        [item.event.submission_no for item in submitted],
        [item.event.submission_id for item in submitted],
        [item.traceparent for item in submitted],
    )
    found = {(row["web_case_id"], row["submission_no"], row["submission_id"]) for row in known}
    causes = {place: _UNKNOWN for place, item in enumerate(submitted) if _key(item.event) not in found}
    if causes:
        raise UnknownRecords(causes)
    if not all(row["taken_in"] for row in known):
        await _publish_again(connection, [item.event for item in submitted])


def _key(event: CaseSubmitted) -> tuple[str, int, UUID]:
    return event.web_case_id, event.submission_no, event.submission_id


async def _publish_again(connection: Connection, events: Sequence[CaseSubmitted]) -> None:
    # Those that are new in this batch are published anyway, so this does not distinguish them.
    rows = await connection.fetch(
        Statement.PUBLISH_AGAIN.text,
        [event.web_case_id for event in events],
        [event.submission_no for event in events],
        [event.submission_id for event in events],
    )
    for row in rows:
        if row["conflicts"]:
            # Web Case IDs are never reused and submissions never change: somebody restored half of a system.
            ids = {"web_case_id": row["web_case_id"], "submission_no": row["submission_no"]}
            log.critical("submission_conflicts", **ids, trace_id=trace_id_of(row["traceparent"]))


async def take_evidence(connection: Connection, events: Sequence[CaseStatusChanged]) -> None:
    """Deliver the documents whose submission was seen in D365, under the number that the portal follows.

    Only what the read model shows too is evidence. After any other record, such as one without the submission's ID or
    one that status-sync did not write, the documents are looked up in D365.
    """
    shown = await connection.fetch(Statement.SELECT_SHOWN_CASES.text, [event.web_case_id for event in events])
    case_ids = {row["web_case_id"]: row["case_id"] for row in shown}
    seen, seen_at, unsure = [], [], []
    for event in events:
        if event.submission_id is not None and case_ids.get(event.web_case_id) == event.case_id:
            seen.append((event.web_case_id, event.submission_id, event.case_id))
            seen_at.append(event.status_as_of)
        else:
            unsure.append(event.web_case_id)
    if seen:
        await deliver_by_evidence(connection, seen, seen_at, followed=True)
    if unsure:
        await connection.execute(Statement.LOOK_UP_BY_EVIDENCE.text, unsure)

"""What the consumers write, inside the batch's own transaction."""

from collections.abc import Sequence
from typing import NamedTuple

import structlog

from case_shared.events import CaseStatusChanged, CaseSubmitted
from case_shared.postgres import Connection, load_sql
from d365_sync.postgres.documents import deliver_by_evidence

log = structlog.get_logger(__name__)
_PACKAGE = "d365_sync.postgres"


class Submitted(NamedTuple):
    """A submission, the trace that it belongs to, and the JSON that it was read from."""

    event: CaseSubmitted
    traceparent: str | None
    value: bytes | None = None

    @property
    def json(self) -> str:
        """As it was read: to write it anew would cost a third of reading it."""
        return self.event.model_dump_json(exclude_none=True) if self.value is None else self.value.decode()


async def take_in(connection: Connection, submitted: Sequence[Submitted]) -> None:
    """Write submissions into the document queue; the state of those it holds is published again."""
    new = await connection.fetchval(
        load_sql(_PACKAGE, "take_in"),
        [item.json for item in submitted],
        [item.traceparent for item in submitted],
    )
    if new < len(submitted):
        await _publish_again(connection, [item.event for item in submitted])


async def _publish_again(connection: Connection, events: Sequence[CaseSubmitted]) -> None:
    # Those that are new in this batch are published anyway, so there is no need to tell them apart.
    rows = await connection.fetch(
        load_sql(_PACKAGE, "publish_again"),
        [event.web_case_id for event in events],
        [event.submission_no for event in events],
        [event.submission_id for event in events],
    )
    for row in rows:
        if row["conflicts"]:
            # Web Case IDs are never given twice and submissions never change: somebody restored half of a system.
            log.critical("submission_conflicts", web_case_id=row["web_case_id"], submission_no=row["submission_no"])


async def take_evidence(connection: Connection, events: Sequence[CaseStatusChanged]) -> None:
    """Deliver the documents whose submission was seen in D365; without its id they are looked up."""
    known = [
        (event.web_case_id, event.submission_id, event.case_id) for event in events if event.submission_id is not None
    ]
    if known:
        await deliver_by_evidence(connection, known)
    vague = [event.web_case_id for event in events if event.submission_id is None]
    if vague:
        await connection.execute(load_sql(_PACKAGE, "verify_by_evidence"), vague)

"""Convert rows of the document queue into domain objects, and back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from pydantic import ValidationError

from case_shared.d365.models import CaseToCreate, DocumentFailure
from case_shared.d365.support import SupportIds
from case_shared.d365.texts import readable
from case_shared.process.telemetry import trace_id_of
from case_shared.words.events import CaseContent
from d365_sync.app.alarms import found_twice
from d365_sync.app.ports import Changed, Result
from d365_sync.domain.document import (
    AttemptKind,
    Cause,
    Claim,
    DocumentId,
    State,
    Verdict,
    case_to_create,
    known_cause,
)
from d365_sync.postgres.stored import as_json

log = structlog.get_logger(__name__)


def id_of(row: asyncpg.Record) -> DocumentId:
    """A row's document."""
    return DocumentId(row["web_case_id"], row["submission_no"])


def key_of(document_id: DocumentId) -> dict[str, Any]:
    """A document's key in JSON, as statements take it."""
    return {"web_case_id": document_id.web_case_id, "submission_no": document_id.submission_no}


def changed_of(rows: Sequence[asyncpg.Record]) -> list[Changed]:
    """The documents that changed; raises the alarm for one that D365 has twice."""
    changed = [Changed(id_of(row), State(row["state"]), known_cause(row["cause"]), row["traceparent"]) for row in rows]
    for document in changed:
        if document.state is State.DELIVERED and document.cause is Cause.FOUND_TWICE:
            found_twice(document.id.web_case_id, document.traceparent)
    return changed


def problems(error: ValidationError) -> str:
    """What is wrong, by field, without any value."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'payload'}: {problem['msg']}" for problem in problems)[
        :2000
    ]


def claim_of(row: asyncpg.Record, expires: float) -> Claim:
    """A claimed document. Raises ValidationError if its payload cannot be read."""
    return Claim(
        id=id_of(row),
        token=row["lease_token"],
        attempt_no=row["attempts"],
        kind=AttemptKind(row["lease_kind"]),
        state=State(row["state"]),
        case=_case(row),
        expires=expires,
        cause=known_cause(row["cause"]),
        reason=row["reason"],
        detail=row["detail"],
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        unsettled_seconds=row["unsettled_seconds"] or 0.0,
        posts=row["posts"],
        waits=row["waits"],
        retried=row["retried"],
        traceparent=row["traceparent"],
    )


def _case(row: asyncpg.Record) -> CaseToCreate:
    return case_to_create(
        id_of(row),
        UUID(int=row["submission_id"].int),
        row["data_area_id"],
        row["customer_account"],
        CaseContent.model_validate(row["content"]),
        row["created_by"],
    )


def case_if_readable(row: asyncpg.Record) -> CaseToCreate | None:
    """What was sent for an earlier submission; None if it was emptied or cannot be read."""
    try:
        return None if row["content"] is None else _case(row)
    except ValidationError as error:
        trace_id = trace_id_of(row["traceparent"])
        log.error("earlier_submission_unreadable", document=str(id_of(row)), why=problems(error), trace_id=trace_id)
        return None


def outcome_of(result: Result) -> dict[str, Any]:
    """An attempt's result, as `store_outcomes.sql` takes it."""
    claim, decision, exchange = result.claim, result.decision, result.exchange
    return {
        **key_of(claim.id),
        "token": str(claim.token),
        "attempt_no": claim.attempt_no,
        "state": decision.state,
        "outcome": decision.outcome,
        "finding": decision.finding,
        "cause": decision.cause,
        "reason": _text(decision.reason),
        "detail": _text(decision.detail),
        "why": _text(decision.why),
        "case_id": decision.case_id,
        "due_seconds": decision.due_seconds,
        "look_up_seconds": decision.look_up_seconds,
        "settle_seconds": decision.settle_seconds,
        "verdict": decision.verdict,
        "waits": decision.waits,
        "counts": decision.counts,
        "retried": decision.retried,
        "look_up_first": decision.look_up_first,
        "status": exchange.status if exchange else None,
        "request": _text(exchange.request_body) if exchange else None,
        "answer": _text(exchange.answer_body) if exchange else None,
        "duration_seconds": exchange.duration_seconds if exchange else None,
        **support_of(result.support),
        "differences": as_json(decision.differences),
    }


def support_of(support: SupportIds | None) -> dict[str, str]:
    """The IDs of the deciding request."""
    return support.by_name() if support else {}


def failure_of(row: asyncpg.Record) -> DocumentFailure:
    """A failed document, as D365's own document queue takes it."""
    document_id = id_of(row)
    return DocumentFailure(
        data_area_id=row["data_area_id"],
        document_id=str(document_id),
        web_case_id=document_id.web_case_id,
        customer_account=row["customer_account"],
        submission_id=UUID(int=row["submission_id"].int),
        state=row["state"],
        cause=row["cause"] or "",
        reason=row["reason"] or row["detail"] or "",
    )


def _text(value: str | None) -> str | None:
    return readable(value) if value else value

"""The document queue in PostgreSQL."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from pydantic import ValidationError

from case_shared.clock import Clock
from case_shared.d365.models import CaseToCreate, DocumentFailure
from case_shared.events import CaseContent
from case_shared.postgres import Connection, Pool, load_sql
from d365_sync.app.alarms import found_twice
from d365_sync.app.ports import Changed, Earlier, FailureToLog, Leader, Result, Round
from d365_sync.domain.document import AttemptKind, Cause, Claim, DocumentId, State, Verdict, case_to_create

log = structlog.get_logger(__name__)
PACKAGE = "d365_sync.postgres"
# A first POST needs no look-up this long after its submission: nobody else can have sent it (DESIGN section 5).
FRESH_SECONDS = 300.0
_DEALERS_A_ROUND = 64
_CAUSES = {cause.value: cause for cause in Cause}


@dataclass(frozen=True)
class PostgresDocuments:
    """Implements `app.ports.Documents` for the D365 environment `d365_url`."""

    pool: Pool
    clock: Clock
    d365_url: str

    async def claim_to_deliver(
        self, leader: Leader, *, limit: int, per_dealer: int, after_dealer: str, lease_seconds: float
    ) -> Round:
        """Claim documents to be sent, going round the dealers behind `after_dealer`."""
        expires = self.clock.monotonic() + lease_seconds
        rows = await self.pool.fetch(
            load_sql(PACKAGE, "claim_to_deliver"),
            limit,
            per_dealer,
            after_dealer,
            _DEALERS_A_ROUND,
            lease_seconds,
            leader.name,
            leader.token,
            self.d365_url,
            FRESH_SECONDS,
        )
        claimed = [row for row in rows if row["web_case_id"] is not None]
        # Where the claim had no room for every dealer, the next one starts with those that got nothing.
        last = claimed[-1]["dealer"] if len(claimed) == limit else rows[0]["last_dealer"]
        return Round(await self._claims(claimed, expires), last or "", rows[0]["wrapped"])

    async def claim_to_verify(
        self, leader: Leader, *, limit: int, lease_seconds: float, busy: Collection[str]
    ) -> list[Claim]:
        """Claim documents of one legal entity whose look-up is due; of those in `busy` one is under way."""
        expires = self.clock.monotonic() + lease_seconds
        statement = load_sql(PACKAGE, "claim_to_verify")
        rows = await self.pool.fetch(
            statement, limit, lease_seconds, leader.name, leader.token, self.d365_url, list(busy)
        )
        return await self._claims(rows, expires)

    async def _claims(self, rows: Sequence[asyncpg.Record], expires: float) -> list[Claim]:
        """The documents claimed; those whose payload cannot be read are set apart, and hold nobody up."""
        claims, unreadable = [], []
        for row in rows:
            try:
                claims.append(_claim(row, expires))
            except ValidationError as error:
                why = f"its payload cannot be used: {problems(error)}"
                key = {"token": str(row["lease_token"]), "attempt_no": row["attempts"], "why": why}
                unreadable.append({**_key(_id(row)), **key})
                log.error("document_set_apart", document=str(_id(row)), why=why)
        if unreadable:
            await self.pool.execute(load_sql(PACKAGE, "set_apart"), unreadable)
        return claims

    async def begin_posts(self, leader: Leader, claims: Sequence[Claim], *, lease_seconds: float) -> list[Claim]:
        """Store the intent to POST documents that were surely not there; those whose lease was still ours."""
        expires = self.clock.monotonic() + lease_seconds
        keys = [{**_key(claim.id), "token": str(claim.token), "attempt_no": claim.attempt_no} for claim in claims]
        statement = load_sql(PACKAGE, "begin_posts")
        rows = await self.pool.fetch(statement, keys, lease_seconds, leader.name, leader.token)
        by_id = {claim.id: claim for claim in claims}
        return [
            replace(
                by_id[_id(row)],
                kind=AttemptKind.CREATE,
                state=State.DELIVERING,
                attempt_no=row["attempts"],
                expires=expires,
                unsettled_seconds=0.0,
                verdict=None,
            )
            for row in rows
        ]

    async def store(self, results: Sequence[Result], *, log_failures: bool) -> list[Changed]:
        """Store what attempts came to."""
        rows = await self.pool.fetch(
            load_sql(PACKAGE, "store_outcomes"), [_outcome(result) for result in results], log_failures
        )
        return _changed(rows)

    async def expire_leases(self, *, settle_seconds: float) -> int:
        """Take up documents whose owner did not come back; how many."""
        return len(await self.pool.fetch(load_sql(PACKAGE, "expire_leases"), settle_seconds))

    async def control_cases(self, data_area_id: str) -> list[str]:
        """A few cases known to be in D365."""
        rows = await self.pool.fetch(load_sql(PACKAGE, "select_control_cases"), data_area_id)
        return [row["case_id"] for row in rows]

    async def earlier_submissions(self, document_id: DocumentId) -> list[Earlier]:
        """The case's submissions before this one."""
        rows = await self.pool.fetch(load_sql(PACKAGE, "select_earlier_submissions"), *document_id)
        return [Earlier(_id(row), UUID(int=row["submission_id"].int), _readable(row)) for row in rows]

    async def deliver_by_evidence(self, seen: Sequence[tuple[str, UUID, str]]) -> list[Changed]:
        """Make documents delivered whose (web_case_id, submission_id) was seen with a Case ID; those that changed."""
        return await deliver_by_evidence(self.pool, seen)

    async def failures_to_log(self, limit: int) -> list[FailureToLog]:
        """Failed documents of which D365's own document queue is to be told now."""
        rows = await self.pool.fetch(load_sql(PACKAGE, "select_failures_to_log"), limit)
        return [FailureToLog(_id(row), _failure(row), row["failure_log_tries"]) for row in rows]

    async def note_failure_logged(self, document_id: DocumentId, retry_seconds: float | None) -> None:
        """Note that D365 was told, or when to try again."""
        await self.pool.execute(load_sql(PACKAGE, "note_failure_logged"), *document_id, retry_seconds)


def _id(row: asyncpg.Record) -> DocumentId:
    return DocumentId(row["web_case_id"], row["submission_no"])


def _key(document_id: DocumentId) -> dict[str, Any]:
    return {"web_case_id": document_id.web_case_id, "submission_no": document_id.submission_no}


def _cause(value: str | None) -> Cause | None:
    # A newer version of this service may have written a word that this one does not know.
    return _CAUSES.get(value) if value else None


def _changed(rows: Sequence[asyncpg.Record]) -> list[Changed]:
    changed = [Changed(_id(row), State(row["state"]), _cause(row["cause"])) for row in rows]
    for document in changed:
        if document.state is State.DELIVERED and document.cause is Cause.FOUND_TWICE:
            found_twice(document.id.web_case_id)
    return changed


def problems(error: ValidationError) -> str:
    """What is wrong, by field, without any value."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'payload'}: {problem['msg']}" for problem in problems)[
        :2000
    ]


async def deliver_by_evidence(queue: Pool | Connection, seen: Sequence[tuple[str, UUID, str]]) -> list[Changed]:
    """As `PostgresDocuments.deliver_by_evidence`, perhaps in the caller's transaction."""
    columns = [list(column) for column in zip(*seen, strict=True)]
    return _changed(await queue.fetch(load_sql(PACKAGE, "deliver_by_evidence"), *columns))


def _readable(row: asyncpg.Record) -> CaseToCreate | None:
    try:
        return None if row["content"] is None else _case(row)
    except ValidationError as error:
        log.error("earlier_submission_unreadable", document=str(_id(row)), why=problems(error))
        return None


def _case(row: asyncpg.Record) -> CaseToCreate:
    return case_to_create(
        _id(row),
        UUID(int=row["submission_id"].int),
        row["data_area_id"],
        row["customer_account"],
        CaseContent.model_validate(row["content"]),
        row["created_by"],
    )


def _claim(row: asyncpg.Record, expires: float) -> Claim:
    return Claim(
        id=_id(row),
        token=row["lease_token"],
        attempt_no=row["attempts"],
        kind=AttemptKind(row["lease_kind"]),
        state=State(row["state"]),
        case=_case(row),
        expires=expires,
        cause=_cause(row["cause"]),
        reason=row["reason"],
        detail=row["detail"],
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        unsettled_seconds=row["unsettled_seconds"] or 0.0,
        posts=row["posts"],
        waits=row["waits"],
        retried=row["retried"],
        traceparent=row["traceparent"],
    )


def _outcome(result: Result) -> dict[str, Any]:
    claim, decision, exchange = result.claim, result.decision, result.exchange
    return {
        **_key(claim.id),
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
        "verify_seconds": decision.verify_seconds,
        "settle_seconds": decision.settle_seconds,
        "verdict": decision.verdict,
        "waits": decision.waits,
        "counts": decision.counts,
        "retried": decision.retried,
        "read_back_first": decision.read_back_first,
        "status": exchange.status if exchange else None,
        "request": _text(exchange.request_body) if exchange else None,
        "answer": _text(exchange.answer_body) if exchange else None,
        "duration_seconds": exchange.duration_seconds if exchange else None,
    }


def _text(value: str | None) -> str | None:
    # PostgreSQL's text takes no NUL.
    return value.replace("\x00", "") if value else value


def _failure(row: asyncpg.Record) -> DocumentFailure:
    document_id = _id(row)
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

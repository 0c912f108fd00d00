"""What the use cases need of the world around them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from case_shared.d365.answers import CreateAnswer, Exchange
from case_shared.d365.models import CaseToCreate, D365Case, DocumentFailure, PreflightProblem, ReadBack
from case_shared.events import CaseDelivery
from d365_sync.domain.breaker import BreakerState
from d365_sync.domain.document import Cause, Claim, DocumentId, State
from d365_sync.domain.outcomes import Decision


class D365(Protocol):
    """The D365 client, as far as it is used here; `timeout` in seconds."""

    async def create_case(self, case: CaseToCreate, *, timeout: float) -> CreateAnswer: ...  # noqa: ASYNC109
    async def find_by_web_case_id(
        self,
        data_area_id: str,
        web_case_ids: Collection[str],
        *,
        control_case_ids: Sequence[str],
        timeout: float,  # noqa: ASYNC109
    ) -> ReadBack: ...
    async def read_cases_by_case_id(
        self,
        data_area_id: str,
        case_ids: Collection[str],
        *,
        timeout: float,  # noqa: ASYNC109
    ) -> tuple[D365Case, ...]: ...
    async def probe(self, *, timeout: float) -> None: ...  # noqa: ASYNC109
    async def preflight(self, *, timeout: float) -> tuple[PreflightProblem, ...]: ...  # noqa: ASYNC109
    async def log_document_failure(self, failure: DocumentFailure, *, timeout: float) -> bool: ...  # noqa: ASYNC109


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to, to be stored."""

    claim: Claim
    decision: Decision
    exchange: Exchange | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A document whose outcome was stored."""

    id: DocumentId
    state: State
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Leader:
    """The leader's lease, as statements check it."""

    name: str
    token: int


@dataclass(frozen=True, slots=True)
class Round:
    """What one claim took; the next one starts behind dealer `next_after`. `around`: it came past the last dealer."""

    claims: list[Claim]
    next_after: str
    around: bool


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier submission of a case; `case` is None where its payload was emptied or cannot be read."""

    id: DocumentId
    submission_id: UUID
    case: CaseToCreate | None


@dataclass(frozen=True, slots=True)
class Control:
    """What steers delivery, as stored."""

    breaker: BreakerState
    breaker_since: datetime
    breaker_reason: str | None
    paused: bool
    paused_by: str | None
    paused_reason: str | None
    paused_at: datetime | None
    concurrency: int
    d365_url: str | None
    refused_url: str | None
    restored_at: datetime | None
    in_window: bool


@dataclass(frozen=True, slots=True)
class Backlog:
    """Documents in one state: how many, the age of the oldest, how many are in somebody's hands."""

    state: State
    documents: int
    oldest_seconds: float
    leased: int


@dataclass(frozen=True, slots=True)
class Unpublished:
    """A revision that Kafka has not got yet."""

    event: CaseDelivery
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class FailureToLog:
    """A failed document that D365's own document queue is to be told of."""

    id: DocumentId
    failure: DocumentFailure
    tries: int


class Documents(Protocol):
    """The document queue."""

    async def claim_to_deliver(
        self, leader: Leader, *, limit: int, per_dealer: int, after_dealer: str, lease_seconds: float
    ) -> Round: ...
    async def claim_to_verify(
        self, leader: Leader, *, limit: int, lease_seconds: float, busy: Collection[str]
    ) -> list[Claim]: ...
    async def begin_posts(self, leader: Leader, claims: Sequence[Claim], *, lease_seconds: float) -> list[Claim]: ...
    async def store(self, results: Sequence[Result], *, log_failures: bool) -> list[Changed]: ...
    async def expire_leases(self, *, settle_seconds: float) -> int: ...
    async def control_cases(self, data_area_id: str) -> list[str]: ...
    async def earlier_submissions(self, document_id: DocumentId) -> list[Earlier]: ...
    async def deliver_by_evidence(self, seen: Sequence[tuple[str, UUID, str]]) -> list[Changed]: ...
    async def failures_to_log(self, limit: int) -> list[FailureToLog]: ...
    async def note_failure_logged(self, document_id: DocumentId, retry_seconds: float | None) -> None: ...


class DeliveryControl(Protocol):
    """What steers delivery and survives it."""

    async def read(self) -> Control: ...
    async def store_breaker(
        self, state: BreakerState, since: datetime | None, reason: str | None, concurrency: int, *, probe_seconds: float
    ) -> None: ...
    async def claim_probe(self, every_seconds: float) -> bool: ...
    async def claim_environment(self, url: str) -> str: ...


class Outbox(Protocol):
    """Revisions that wait to be published."""

    async def unpublished(self, limit: int) -> list[Unpublished]: ...
    async def mark_published(self, events: Sequence[CaseDelivery]) -> None: ...

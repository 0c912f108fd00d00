"""What the use cases need from the world around them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from case_shared.d365.answers import CreateAnswer, Exchange
from case_shared.d365.echo import Difference
from case_shared.d365.models import CaseToCreate, D365Case, DocumentFailure, LookUpAnswer, PreflightProblem
from case_shared.d365.support import SupportIds
from d365_sync.domain.breaker import BreakerState
from d365_sync.domain.decision import Decision
from d365_sync.domain.document import Cause, Claim, DocumentId, State


class D365(Protocol):
    """The part of the D365 client used here; `timeout` in seconds."""

    async def create_case(self, case: CaseToCreate, *, timeout: float) -> CreateAnswer: ...  # noqa: ASYNC109
    async def find_by_web_case_id(
        self,
        data_area_id: str,
        web_case_ids: Collection[str],
        *,
        control_case_ids: Sequence[str],
        timeout: float,  # noqa: ASYNC109
    ) -> LookUpAnswer: ...
    async def read_cases_by_case_id(
        self,
        data_area_id: str,
        case_ids: Collection[str],
        *,
        timeout: float,  # noqa: ASYNC109
    ) -> tuple[D365Case, ...]: ...
    async def read_stored(
        self,
        data_area_id: str,
        sent: dict[str, CaseToCreate],
        *,
        timeout: float,  # noqa: ASYNC109
    ) -> dict[str, tuple[Difference, ...]]: ...
    async def probe(self, *, timeout: float) -> None: ...  # noqa: ASYNC109
    async def preflight(self, *, timeout: float) -> tuple[PreflightProblem, ...]: ...  # noqa: ASYNC109
    async def log_document_failure(self, failure: DocumentFailure, *, timeout: float) -> bool: ...  # noqa: ASYNC109


@dataclass(frozen=True, slots=True)
class Result:
    """An attempt's result, to be stored; `support` identifies the request that decided it."""

    claim: Claim
    decision: Decision
    exchange: Exchange | None = None
    support: SupportIds | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """A document whose outcome was stored."""

    id: DocumentId
    state: State
    cause: Cause | None
    traceparent: str | None = None


class SecondCase(NamedTuple):
    """A second case that D365 has for a submission; `seen_at`: when the read that showed it began."""

    web_case_id: str
    submission_id: UUID
    case_id: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Leader:
    """The leader's lease, as statements check it."""

    name: str
    token: int


@dataclass(frozen=True, slots=True)
class Round:
    """What one claim took; the next one starts after dealer `next_after`. `around`: it passed the last dealer."""

    claims: list[Claim]
    next_after: str
    around: bool


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier submission of a case; `case` is None if its payload was emptied or cannot be read.

    `delivered_as`: its Case ID in D365, None unless it is delivered.
    """

    id: DocumentId
    submission_id: UUID
    case: CaseToCreate | None
    delivered_as: str | None


@dataclass(frozen=True, slots=True)
class ControlCase:
    """A known case; `known_seconds`: how long ago D365 confirmed it."""

    case_id: str
    known_seconds: float


@dataclass(frozen=True, slots=True)
class Control:
    """The stored state that steers delivery."""

    breaker: BreakerState
    breaker_since: datetime
    breaker_reason: str | None
    paused: bool
    paused_by: str | None
    paused_by_subject: str | None
    paused_by_issuer: str | None
    paused_reason: str | None
    paused_at: datetime | None
    concurrency: int
    d365_url: str | None
    refused_url: str | None
    restored_at: datetime | None
    window_since: datetime | None

    @property
    def in_window(self) -> bool:
        """Whether a maintenance window is under way."""
        return self.window_since is not None


@dataclass(frozen=True, slots=True)
class Backlog:
    """Documents in one state: how many, the age of the oldest, how many are in flight."""

    state: State
    documents: int
    oldest_seconds: float
    leased: int


@dataclass(frozen=True, slots=True)
class FailureToLog:
    """A failed document to record in D365's own document queue."""

    id: DocumentId
    failure: DocumentFailure
    tries: int


class Documents(Protocol):
    """The document queue."""

    async def claim_to_deliver(
        self, leader: Leader, *, limit: int, per_dealer: int, after_dealer: str, lease_seconds: float
    ) -> Round: ...
    async def claim_to_look_up(
        self, leader: Leader, *, limit: int, lease_seconds: float, busy: Collection[str]
    ) -> list[Claim]: ...
    async def begin_posts(
        self,
        leader: Leader,
        claims: Sequence[Claim],
        *,
        lease_seconds: float,
        support: Mapping[DocumentId, SupportIds | None],
    ) -> list[Claim]: ...
    async def store(self, results: Sequence[Result], *, log_failures: bool) -> list[Changed]: ...
    async def expire_leases(self, *, settle_seconds: float) -> int: ...
    async def control_cases(self, data_area_id: str) -> list[ControlCase]: ...
    async def older_control_cases(self, data_area_id: str) -> list[str]: ...
    async def restored_before_the_first(self, data_area_id: str) -> bool: ...
    async def redelivery_pending(self, data_area_id: str) -> bool: ...
    async def first_open(self, data_area_id: str) -> str | None: ...
    async def earlier_submissions(self, document_id: DocumentId) -> list[Earlier]: ...
    async def deliver_by_evidence(self, seen: Sequence[tuple[str, UUID, str]]) -> list[Changed]: ...
    async def second_cases(self, limit: int) -> list[SecondCase]: ...
    async def note_second_case(self, second: SecondCase) -> list[Changed]: ...
    async def publish_unheard(self, limit: int) -> int: ...
    async def failures_to_log(self, limit: int) -> list[FailureToLog]: ...
    async def note_failure_logged(self, document_id: DocumentId, retry_seconds: float | None) -> None: ...


class DeliveryControl(Protocol):
    """The store of what steers delivery, which survives a restart."""

    async def read(self) -> Control: ...
    async def store_breaker(
        self, state: BreakerState, since: datetime | None, reason: str | None, concurrency: int, *, probe_seconds: float
    ) -> None: ...
    async def claim_probe(self, every_seconds: float) -> bool: ...
    async def claim_environment(self, url: str) -> str: ...

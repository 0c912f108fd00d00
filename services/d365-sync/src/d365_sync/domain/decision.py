"""What becomes of a document after an attempt; built by a constructor that says what happened."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from case_shared.d365.echo import Difference
from case_shared.words.events import Outcome
from d365_sync.domain.document import Cause, Claim, Finding, State, Verdict


class Health(StrEnum):
    """What an answer says about D365 as a whole; breaker and concurrency follow it."""

    ANSWERED = "answered"
    THROTTLED = "throttled"
    FAILED = "failed"
    MISCONFIGURED = "misconfigured"
    SAYS_NOTHING = "says_nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to store about an attempt, and what follows.

    `due_seconds` and `look_up_seconds`: from now until it may be sent, or must be looked up. `settle_seconds`: how long
    the POST may still take effect; None keeps the stored value. `post_now`: it is surely absent, and the POST follows.
    `differences`: what D365 stored differently from what was sent; None: not known yet.
    """

    state: State
    outcome: Outcome | None = None
    finding: Finding | None = None
    cause: Cause | None = None
    reason: str | None = None
    detail: str | None = None
    why: str | None = None
    case_id: str | None = None
    due_seconds: float = 0
    look_up_seconds: float | None = None
    settle_seconds: float | None = None
    verdict: Verdict | None = None
    waits: int = 0
    counts: bool = False
    retried: bool = False
    look_up_first: bool = False
    post_now: bool = False
    health: Health = Health.ANSWERED
    retry_after: float | None = None
    differences: tuple[Difference, ...] | None = None

    @classmethod
    def delivered(cls, *, case_id: str, differences: tuple[Difference, ...] | None = None) -> Self:
        """D365 answered the POST with a Case ID."""
        return cls(state=State.DELIVERED, outcome=Outcome.DELIVERED, case_id=case_id, differences=differences)

    @classmethod
    def found(cls, *, case_id: str | None, why: str) -> Self:
        """A look-up found the case, and it is ours."""
        return cls(
            state=State.DELIVERED,
            outcome=Outcome.DELIVERED,
            finding=Finding.FOUND,
            cause=Cause.FOUND_BY_LOOK_UP,
            case_id=case_id,
            why=why,
        )

    @classmethod
    def refused(cls, *, claim: Claim, reason: str, detail: str, verdict: Verdict) -> Self:
        """D365 refused the POST; this is final only after a look-up."""
        return cls(
            state=State.VERIFYING,
            outcome=Outcome.REJECTED,
            cause=Cause.REJECTED,
            reason=reason,
            detail=detail,
            why=detail,
            look_up_seconds=0,
            verdict=verdict,
            counts=True,
            retried=claim.retried,
        )

    @classmethod
    def unknown(cls, *, claim: Claim, why: str, look_up_seconds: float, settle_seconds: float, health: Health) -> Self:
        """The POST has no trustworthy answer, and may still take effect."""
        return cls(
            state=State.VERIFYING,
            outcome=Outcome.UNKNOWN,
            cause=Cause.NO_ANSWER,
            detail=why,
            why=why,
            look_up_seconds=look_up_seconds,
            settle_seconds=settle_seconds,
            counts=True,
            retried=claim.retried,
            health=health,
        )

    @classmethod
    def deferred(
        cls,
        *,
        claim: Claim,
        cause: Cause,
        why: str,
        due_seconds: float,
        health: Health,
        retry_after: float | None = None,
        look_up_first: bool = False,
    ) -> Self:
        """D365 accepted nothing, as far as the answer shows, but may accept it later."""
        return cls(
            state=State.DEFERRED,
            outcome=Outcome.DEFERRED,
            cause=cause,
            detail=why,
            why=why,
            due_seconds=due_seconds,
            waits=claim.waits + 1,
            retried=claim.retried,
            look_up_first=look_up_first,
            health=health,
            retry_after=retry_after,
        )

    @classmethod
    def not_sent(cls, *, claim: Claim, why: str, look_up_first: bool = False) -> Self:
        """The POST did not begin; the document waits as before."""
        return cls(
            state=State.DEFERRED if claim.waits else State.PENDING,
            outcome=Outcome.DEFERRED,
            cause=claim.cause,
            reason=claim.reason,
            detail=claim.detail,
            why=why,
            waits=claim.waits,
            retried=claim.retried,
            look_up_first=look_up_first,
            health=Health.SAYS_NOTHING,
        )

    @classmethod
    def cleared(cls, *, claim: Claim) -> Self:
        """It is surely absent from D365, and no earlier POST can still take effect."""
        return cls(
            state=State.DELIVERING, finding=Finding.ABSENT, cause=claim.cause, detail=claim.detail, post_now=True
        )

    @classmethod
    def tried_again_later(cls, *, claim: Claim, due_seconds: float) -> Self:
        """D365 refused it for a reason that may pass, and does not have it: one more POST, after one more look-up."""
        return cls(
            state=State.DEFERRED,
            finding=Finding.ABSENT,
            cause=Cause.REJECTED,
            reason=claim.reason,
            detail=claim.detail,
            due_seconds=due_seconds,
            retried=True,
            look_up_first=True,
        )

    @classmethod
    def looked_up_again(
        cls,
        *,
        claim: Claim,
        finding: Finding,
        look_up_seconds: float,
        cause: Cause | None,
        detail: str | None,
        verdict: Verdict | None,
        health: Health = Health.ANSWERED,
        why: str | None = None,
        retry_after: float | None = None,
    ) -> Self:
        """The look-up settled nothing yet; an ended document stays ended."""
        return cls(
            state=State.VERIFYING if claim.state is State.DELIVERING else claim.state,
            finding=finding,
            cause=cause,
            reason=claim.reason,
            detail=detail,
            why=why,
            look_up_seconds=look_up_seconds,
            verdict=verdict,
            waits=claim.waits + 1,
            retried=claim.retried,
            health=health,
            retry_after=retry_after,
        )

    @classmethod
    def failed(cls, *, finding: Finding, cause: Cause, detail: str | None, reason: str | None = None) -> Self:
        """A dead letter; it needs an operator."""
        return cls(state=State.FAILED, finding=finding, cause=cause, reason=reason, detail=detail, why=detail)

    @classmethod
    def unchanged(cls, *, claim: Claim, finding: Finding, why: str | None = None) -> Self:
        """A look-up of an ended document changes nothing."""
        return cls(
            state=claim.state, finding=finding, cause=claim.cause, reason=claim.reason, detail=claim.detail, why=why
        )

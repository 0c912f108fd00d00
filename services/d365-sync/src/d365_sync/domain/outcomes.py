"""DESIGN section 5 as a pure function: what D365 answered → what becomes of the document.

No decision rests on the text of a message: texts are localised.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from case_shared.d365.answers import (
    CreateAnswer,
    Created,
    Forbidden,
    Misconfigured,
    NotSent,
    Rejected,
    Throttled,
    Unauthorized,
    Unknown,
)
from case_shared.d365.errors import D365ConfigurationError, D365Error, D365Misconfigured, D365Throttled
from case_shared.events import Outcome
from d365_sync.domain.backoff import Backoff
from d365_sync.domain.document import Cause, Claim, Finding, State, Verdict

# Number sequence collisions and update conflicts pass within seconds (reference/d365, section 8).
RETRY_AFTER_REFUSAL_SECONDS = 5.0


class Health(StrEnum):
    """What an answer says about D365 as a whole; breaker and concurrency go by it."""

    ANSWERED = "answered"
    THROTTLED = "throttled"
    FAILED = "failed"
    MISCONFIGURED = "misconfigured"
    SAYS_NOTHING = "says_nothing"


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient we are: settings, in seconds and counts."""

    settle_seconds: float
    max_attempts: int
    backoff: Backoff


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a document after an attempt.

    `due_seconds` and `verify_seconds`: when it may be sent, and when it is to be looked up, from now. `settle_seconds`:
    how long the POST may still land; None leaves what was known. `post_now`: it is surely not there, the POST follows.
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
    verify_seconds: float | None = None
    settle_seconds: float | None = None
    verdict: Verdict | None = None
    waits: int = 0
    counts: bool = False
    retried: bool = False
    read_back_first: bool = False
    post_now: bool = False
    health: Health = Health.ANSWERED
    retry_after: float | None = None


def after_post(  # noqa: C901 (a table, one row a case)
    answer: CreateAnswer, claim: Claim, policy: Policy, control: D365Error | None = None
) -> Decision:
    """What follows a POST; `control` is why the control read after a 403 failed, None where it worked."""
    match answer:
        case Created():
            return Decision(State.DELIVERED, Outcome.DELIVERED, case_id=answer.case_id)
        case Rejected():
            retry = answer.retry_once and not claim.retried
            return _refused(answer.reason, answer.full_text, Verdict.RETRY if retry else Verdict.FAIL, claim)
        case Forbidden() if control is None:
            return _refused(answer.reason, answer.full_text, Verdict.FAIL, claim)
        case Forbidden():
            health = Health.MISCONFIGURED if isinstance(control, D365ConfigurationError) else Health.FAILED
            return _deferred(Cause.UNAUTHORIZED, answer.full_text, claim, policy, health)
        case Throttled():
            return _deferred(
                Cause.THROTTLED, "D365 answered 429", claim, policy, Health.THROTTLED, retry_after=answer.retry_after
            )
        case NotSent():
            return _deferred(Cause.UNREACHABLE, answer.why, claim, policy, Health.FAILED)
        case Unauthorized():
            return _deferred(Cause.UNAUTHORIZED, answer.why, claim, policy, Health.MISCONFIGURED)
        case Misconfigured():
            return _deferred(Cause.MISCONFIGURED, answer.why, claim, policy, Health.MISCONFIGURED)
        case Unknown():
            return _unknown(answer.why, claim, policy)
        case _:
            assert_never(answer)


def not_sent(claim: Claim, why: str) -> Decision:
    """What follows where the POST was not begun after all: no time left, the breaker opened, D365 asked to wait."""
    state = State.DEFERRED if claim.waits else State.PENDING
    return Decision(
        state,
        Outcome.DEFERRED,
        cause=claim.cause,
        reason=claim.reason,
        detail=claim.detail,
        why=why,
        waits=claim.waits,
        retried=claim.retried,
        health=Health.SAYS_NOTHING,
    )


def not_cleared(claim: Claim) -> Decision:
    """What follows where the POST after a look-up was not permitted: something was heard meanwhile, so look again."""
    why = "something was heard of it during the look-up"
    if claim.state is State.DELIVERING:
        return replace(not_sent(claim, why), read_back_first=True)
    decision = _verifying(claim, Finding.UNSURE, claim.cause, claim.detail, 0, Health.SAYS_NOTHING, claim.verdict, why)
    return replace(decision, waits=claim.waits)


def after_look_up(finding: Finding, case_id: str | None, why: str, claim: Claim, policy: Policy) -> Decision:
    """What follows a look-up that D365 answered; `case_id` is that of the case found."""
    match finding:
        case Finding.FOUND:
            cause = Cause.READ_BACK
            return Decision(State.DELIVERED, Outcome.DELIVERED, finding, cause, case_id=case_id, why=why)
        case Finding.ABSENT:
            return _absent(claim, policy)
        case Finding.UNSURE:
            return _look_again(claim, policy, Cause.NO_ANSWER, why, Health.FAILED, claim.verdict)
        case Finding.OTHER_CONTENT | Finding.FOUND_TWICE | Finding.EARLIER_SUBMISSION | Finding.UNUSABLE_CASE_ID:
            return _in_the_way(finding, why, claim, policy)
        case _:
            assert_never(finding)


def after_failed_look_up(error: D365Error, claim: Claim, policy: Policy) -> Decision:
    """What follows a look-up without an answer: nothing is known."""
    match error:
        case D365Throttled():
            again = _look_again(
                claim, policy, Cause.THROTTLED, error.why, Health.THROTTLED, claim.verdict, error.retry_after
            )
        case D365Misconfigured():
            # The refusal was about our mapping, perhaps: once that is mended the case is sent again, not given up.
            verdict = Verdict.RETRY if claim.verdict else None
            again = _look_again(claim, policy, Cause.MISCONFIGURED, error.why, Health.MISCONFIGURED, verdict)
        case D365ConfigurationError():
            again = _look_again(claim, policy, Cause.UNAUTHORIZED, error.why, Health.MISCONFIGURED, claim.verdict)
        case _:
            again = _look_again(claim, policy, Cause.UNREACHABLE, error.why, Health.FAILED, claim.verdict)
    return again


def _refused(reason: str, detail: str, verdict: Verdict, claim: Claim) -> Decision:
    return Decision(
        State.VERIFYING,
        Outcome.REJECTED,
        cause=Cause.REJECTED,
        reason=reason,
        detail=detail,
        why=detail,
        verify_seconds=0,
        verdict=verdict,
        counts=True,
        retried=claim.retried,
    )


def _deferred(
    cause: Cause, why: str, claim: Claim, policy: Policy, health: Health, *, retry_after: float | None = None
) -> Decision:
    told = None if retry_after is None else policy.backoff.told(retry_after)
    return Decision(
        State.DEFERRED,
        Outcome.DEFERRED,
        cause=cause,
        detail=why,
        why=why,
        due_seconds=policy.backoff.seconds(claim.waits) if told is None else told,
        waits=claim.waits + 1,
        retried=claim.retried,
        health=health,
        retry_after=retry_after,
    )


def _unknown(why: str, claim: Claim, policy: Policy) -> Decision:
    return Decision(
        State.VERIFYING,
        Outcome.UNKNOWN,
        cause=Cause.NO_ANSWER,
        detail=why,
        why=why,
        verify_seconds=policy.backoff.seconds(0),
        settle_seconds=policy.settle_seconds,
        counts=True,
        retried=claim.retried,
        health=Health.FAILED,
    )


def _absent(claim: Claim, policy: Policy) -> Decision:
    if claim.state not in {State.DELIVERING, State.VERIFYING}:
        return Decision(
            claim.state, finding=Finding.ABSENT, cause=claim.cause, reason=claim.reason, detail=claim.detail
        )
    if claim.unsettled_seconds > 0:
        wait = min(policy.backoff.seconds(claim.waits), claim.unsettled_seconds)
        return _verifying(claim, Finding.ABSENT, claim.cause, claim.detail, wait, Health.ANSWERED, claim.verdict)
    if claim.verdict is Verdict.FAIL:
        return _failed(Cause.REJECTED, claim.reason, claim.detail, Finding.ABSENT)
    if claim.verdict is Verdict.RETRY:
        return Decision(
            State.DEFERRED,
            finding=Finding.ABSENT,
            cause=Cause.REJECTED,
            reason=claim.reason,
            detail=claim.detail,
            due_seconds=RETRY_AFTER_REFUSAL_SECONDS,
            retried=True,
            read_back_first=True,
        )
    if claim.posts >= policy.max_attempts:
        detail = f"{claim.posts} attempts without an answer; D365 does not have the case. Last: {claim.detail}"
        return _failed(Cause.ATTEMPTS_EXHAUSTED, None, detail, Finding.ABSENT)
    return Decision(State.DELIVERING, finding=Finding.ABSENT, cause=claim.cause, detail=claim.detail, post_now=True)


def _look_again(
    claim: Claim,
    policy: Policy,
    cause: Cause,
    why: str,
    health: Health,
    verdict: Verdict | None,
    retry_after: float | None = None,
) -> Decision:
    wait = policy.backoff.seconds(claim.waits) if retry_after is None else policy.backoff.told(retry_after)
    if claim.state is State.DELIVERING:
        return Decision(
            State.DEFERRED,
            Outcome.DEFERRED,
            Finding.UNSURE,
            cause,
            detail=why,
            why=why,
            due_seconds=wait,
            waits=claim.waits + 1,
            retried=claim.retried,
            read_back_first=True,
            health=health,
            retry_after=retry_after,
        )
    # A refusal's reason is kept: it is what the document fails with, once the look-up has its answer.
    kept = (
        (claim.cause, claim.detail) if claim.verdict or claim.state is not State.VERIFYING else (Cause.NO_ANSWER, why)
    )
    return _verifying(claim, Finding.UNSURE, *kept, wait, health, verdict, why, retry_after)


def _verifying(
    claim: Claim,
    finding: Finding,
    cause: Cause | None,
    detail: str | None,
    wait: float,
    health: Health,
    verdict: Verdict | None,
    why: str | None = None,
    retry_after: float | None = None,
) -> Decision:
    return Decision(
        State.VERIFYING if claim.state is State.DELIVERING else claim.state,
        finding=finding,
        cause=cause,
        reason=claim.reason,
        detail=detail,
        why=why,
        verify_seconds=wait,
        verdict=verdict,
        waits=claim.waits + 1,
        retried=claim.retried,
        health=health,
        retry_after=retry_after,
    )


_CAUSES = {
    Finding.OTHER_CONTENT: Cause.OTHER_CONTENT,
    Finding.FOUND_TWICE: Cause.FOUND_TWICE,
    Finding.EARLIER_SUBMISSION: Cause.SUPERSEDED,
    Finding.UNUSABLE_CASE_ID: Cause.UNUSABLE_CASE_ID,
}


def _in_the_way(finding: Finding, why: str, claim: Claim, policy: Policy) -> Decision:
    if claim.state in {State.RETURNED, State.DISCARDED}:
        return Decision(
            claim.state, finding=finding, cause=claim.cause, reason=claim.reason, detail=claim.detail, why=why
        )
    if claim.unsettled_seconds > 0:
        # A dead letter is proven: an earlier POST may still land beside what was found.
        wait = min(policy.backoff.seconds(claim.waits), claim.unsettled_seconds)
        return _verifying(claim, finding, claim.cause, why, wait, Health.ANSWERED, claim.verdict, why)
    return _failed(_CAUSES[finding], None, why, finding)


def _failed(cause: Cause, reason: str | None, detail: str | None, finding: Finding) -> Decision:
    return Decision(State.FAILED, finding=finding, cause=cause, reason=reason, detail=detail, why=detail)

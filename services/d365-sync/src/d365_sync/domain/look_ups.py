"""What a look-up found → what becomes of the document, as a pure function."""

from dataclasses import replace
from typing import assert_never

from case_shared.d365.errors import (
    D365ConfigurationError,
    D365Error,
    D365Misconfigured,
    D365Throttled,
    D365UnreadableKeys,
    D365UnusableKey,
)
from d365_sync.domain.decision import Decision, Health
from d365_sync.domain.document import Cause, Claim, Finding, State, Verdict
from d365_sync.domain.outcomes import Policy

# Number sequence collisions and update conflicts pass within seconds (docs/d365.md#refusals).
RETRY_AFTER_REFUSAL_SECONDS = 5.0
_CAUSES = {
    Finding.OTHER_CONTENT: Cause.OTHER_CONTENT,
    Finding.FOUND_TWICE: Cause.FOUND_TWICE,
    Finding.EARLIER_SUBMISSION: Cause.SUPERSEDED,
    Finding.UNUSABLE_CASE_ID: Cause.UNUSABLE_CASE_ID,
}


def after_look_up(finding: Finding, case_id: str | None, why: str, claim: Claim, policy: Policy) -> Decision:
    """What follows a look-up that D365 answered; `case_id` is that of the case found."""
    match finding:
        case Finding.FOUND:
            return Decision.found(case_id=case_id, why=why)
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
    verdict, retry_after = claim.verdict, None
    match error:
        case D365Throttled():
            cause, health, retry_after = Cause.THROTTLED, Health.THROTTLED, error.retry_after
        case D365Misconfigured():
            # Perhaps the refusal was about our mapping: once that is corrected, the case is sent again, not given up.
            cause, health = Cause.MISCONFIGURED, Health.MISCONFIGURED
            verdict = Verdict.RETRY if claim.verdict else None
        case D365UnreadableKeys():
            # D365 answers for others, so its health is not in question.
            cause, health = Cause.UNREACHABLE, Health.SAYS_NOTHING
        case D365UnusableKey():
            # This says nothing about D365, so it affects neither the breaker nor other documents.
            cause, health = Cause.MISCONFIGURED, Health.SAYS_NOTHING
        case D365ConfigurationError():
            cause, health = Cause.UNAUTHORIZED, Health.MISCONFIGURED
        case _:
            cause, health = Cause.UNREACHABLE, Health.FAILED
    return _look_again(claim, policy, cause, error.why, health, verdict, retry_after)


def not_cleared(claim: Claim) -> Decision:
    """What follows if the POST after a look-up was not permitted: there was news meanwhile, so look again."""
    why = "news of the submission arrived during the look-up"
    if claim.state is State.DELIVERING:
        return Decision.not_sent(claim=claim, why=why, look_up_first=True)
    decision = Decision.looked_up_again(
        claim=claim,
        finding=Finding.UNSURE,
        look_up_seconds=0,
        cause=claim.cause,
        detail=claim.detail,
        verdict=claim.verdict,
        health=Health.SAYS_NOTHING,
        why=why,
    )
    return replace(decision, waits=claim.waits)


def _absent(claim: Claim, policy: Policy) -> Decision:
    if claim.state not in {State.DELIVERING, State.VERIFYING}:
        return Decision.unchanged(claim=claim, finding=Finding.ABSENT)
    if claim.unsettled_seconds > 0:
        return _settling(claim, policy, Finding.ABSENT, claim.detail)
    if claim.verdict is Verdict.FAIL:
        return Decision.failed(finding=Finding.ABSENT, cause=Cause.REJECTED, reason=claim.reason, detail=claim.detail)
    if claim.verdict is Verdict.RETRY:
        return Decision.tried_again_later(claim=claim, due_seconds=RETRY_AFTER_REFUSAL_SECONDS)
    if claim.posts >= policy.max_attempts:
        detail = f"{claim.posts} attempts got no answer, and D365 does not have the case. Last attempt: {claim.detail}"
        return Decision.failed(finding=Finding.ABSENT, cause=Cause.ATTEMPTS_EXHAUSTED, detail=detail)
    return Decision.cleared(claim=claim)


def _in_the_way(finding: Finding, why: str, claim: Claim, policy: Policy) -> Decision:
    if claim.state in {State.RETURNED, State.DISCARDED}:
        return Decision.unchanged(claim=claim, finding=finding, why=why)
    if claim.unsettled_seconds > 0:
        # A dead letter must be proven: an earlier POST may still take effect beside what was found.
        return _settling(claim, policy, finding, why, why)
    return Decision.failed(finding=finding, cause=_CAUSES[finding], detail=why)


def _settling(claim: Claim, policy: Policy, finding: Finding, detail: str | None, why: str | None = None) -> Decision:
    """An earlier POST may still take effect: the finding is final only after that time."""
    return Decision.looked_up_again(
        claim=claim,
        finding=finding,
        look_up_seconds=min(policy.backoff.seconds(claim.waits), claim.unsettled_seconds),
        cause=claim.cause,
        detail=detail,
        verdict=claim.verdict,
        why=why,
    )


def _look_again(
    claim: Claim,
    policy: Policy,
    cause: Cause,
    why: str,
    health: Health,
    verdict: Verdict | None,
    retry_after: float | None = None,
) -> Decision:
    wait = policy.backoff.at_least(retry_after, claim.waits)
    if claim.state is State.DELIVERING:
        deferred = Decision.deferred(
            claim=claim,
            cause=cause,
            why=why,
            due_seconds=wait,
            health=health,
            retry_after=retry_after,
            look_up_first=True,
        )
        return replace(deferred, finding=Finding.UNSURE)
    # Keep a refusal's reason: the document fails with it once the look-up is answered.
    keeps = claim.verdict is not None or claim.state is not State.VERIFYING
    return Decision.looked_up_again(
        claim=claim,
        finding=Finding.UNSURE,
        look_up_seconds=wait,
        cause=claim.cause if keeps else Cause.NO_ANSWER,
        detail=claim.detail if keeps else why,
        verdict=verdict,
        health=health,
        why=why,
        retry_after=retry_after,
    )

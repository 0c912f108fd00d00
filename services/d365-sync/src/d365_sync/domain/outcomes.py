"""What D365 answered to a POST → what becomes of the document, as a pure function.

As a table: docs/design.md#what-does-each-answer-from-d365-mean. `look_ups.py` decides after a look-up.

No decision depends on the text of a message: texts are localized.
"""

from dataclasses import dataclass
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
from case_shared.d365.errors import D365ConfigurationError, D365Error
from d365_sync.domain.backoff import Backoff
from d365_sync.domain.decision import Decision, Health
from d365_sync.domain.document import Cause, Claim, Verdict

_CREATED = (201, 204)
# Surely nothing was created. To any other deferred POST a gateway may have answered in D365's place, after passing it
# on.
_CREATED_NOTHING = frozenset({Cause.THROTTLED, Cause.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient we are: settings, in seconds and counts."""

    settle_seconds: float
    max_attempts: int
    backoff: Backoff


def after_post(  # noqa: C901 (a table, one row a case)
    answer: CreateAnswer, claim: Claim, policy: Policy, control: D365Error | None = None
) -> Decision:
    """What follows a POST; `control` is why the control read after a 403 failed, None if it worked."""
    match answer:
        case Created():
            return Decision.delivered(case_id=answer.case_id, differences=answer.differences)
        case Rejected():
            verdict = Verdict.RETRY if answer.retry_once and not claim.retried else Verdict.FAIL
            return Decision.refused(claim=claim, reason=answer.reason, detail=answer.full_text, verdict=verdict)
        case Forbidden() if control is None:
            return Decision.refused(claim=claim, reason=answer.reason, detail=answer.full_text, verdict=Verdict.FAIL)
        case Forbidden():
            health = Health.MISCONFIGURED if isinstance(control, D365ConfigurationError) else Health.FAILED
            return _deferred(Cause.UNAUTHORIZED, answer.full_text, claim, policy, health)
        case Throttled():
            why, wait = "D365 answered 429 (too many requests)", answer.retry_after
            return _deferred(Cause.THROTTLED, why, claim, policy, Health.THROTTLED, retry_after=wait)
        case NotSent():
            return _deferred(Cause.UNREACHABLE, answer.why, claim, policy, Health.FAILED)
        case Unauthorized():
            return _deferred(Cause.UNAUTHORIZED, answer.why, claim, policy, Health.MISCONFIGURED)
        case Misconfigured():
            return _deferred(Cause.MISCONFIGURED, answer.why, claim, policy, Health.MISCONFIGURED)
        case Unknown():
            return Decision.unknown(
                claim=claim,
                why=answer.why,
                look_up_seconds=policy.backoff.seconds(0),
                settle_seconds=policy.settle_seconds,
                # OData 4.0, 11.4.2: a success may come without the entity. It is no outage.
                health=Health.ANSWERED if answer.status in _CREATED else Health.FAILED,
            )
        case _:
            assert_never(answer)


def _deferred(
    cause: Cause, why: str, claim: Claim, policy: Policy, health: Health, *, retry_after: float | None = None
) -> Decision:
    return Decision.deferred(
        claim=claim,
        cause=cause,
        why=why,
        due_seconds=policy.backoff.at_least(retry_after, claim.waits),
        health=health,
        retry_after=retry_after,
        look_up_first=cause not in _CREATED_NOTHING,
    )

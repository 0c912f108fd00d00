"""A document: one submission on its way to D365, what it may become, and what operators may do with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Self
from uuid import UUID

from case_shared.d365.models import CaseToCreate
from case_shared.words.events import CaseContent, SubmissionState
from case_shared.words.identifiers import is_web_case_id

State = SubmissionState
ENDED = frozenset({State.DELIVERED, State.FAILED, State.RETURNED, State.DISCARDED})


class Cause(StrEnum):
    """Why a document is in its state. Operators group documents by it."""

    REJECTED = "rejected"
    OTHER_CONTENT = "exists_with_other_content"
    FOUND_TWICE = "found_twice"
    UNUSABLE_CASE_ID = "unusable_case_id"
    INVALID_PAYLOAD = "invalid_payload"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    SUPERSEDED = "superseded"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    UNAUTHORIZED = "unauthorized"
    MISCONFIGURED = "misconfigured"
    FOUND_BY_LOOK_UP = "read_back"
    LOST = "lost_in_d365"
    EVIDENCE = "evidence"
    LINKED = "linked"


_CAUSES = {cause.value: cause for cause in Cause}


def known_cause(value: str | None) -> Cause | None:
    """The cause by this name; None if only a newer release knows it (docs/upgrade.md#go-back)."""
    return _CAUSES.get(value) if value else None


class AttemptKind(StrEnum):
    """What an attempt does: the POST, or a look-up by Web Case ID (its stored value, part of the API, is older)."""

    CREATE = "create"
    LOOK_UP = "read_back"


class Verdict(StrEnum):
    """What D365's refusal leads to, once a look-up confirms that the case is not there."""

    FAIL = "fail"
    RETRY = "retry"


class Finding(StrEnum):
    """What a look-up proves about one document."""

    FOUND = "found"
    OTHER_CONTENT = "other_content"
    EARLIER_SUBMISSION = "earlier_submission"
    FOUND_TWICE = "found_twice"
    UNUSABLE_CASE_ID = "unusable_case_id"
    ABSENT = "absent"
    UNSURE = "unsure"


class Action(StrEnum):
    """What an operator may do with a document."""

    REPLAY = "replay"
    LINK = "link"
    VERIFY = "verify"
    RETURN = "return"
    DISCARD = "discard"
    RESTORE = "restore"
    ACKNOWLEDGE = "acknowledge"


class Alarm(StrEnum):
    """Something that must not happen, found on a document that is otherwise done; the most serious one first."""

    SECOND_CASE = "second_case"
    STORED_DIFFERENTLY = "stored_differently"


# `failed` is always proven: while an attempt is not, the document is delivering or verifying, and only D365's answer
# ends it. Operators can `verify` it then.
ALLOWED: Mapping[Action, frozenset[State]] = {
    Action.REPLAY: frozenset({State.FAILED}),
    # If delivered: only to the other case, when D365 has two.
    Action.LINK: frozenset(State) - {State.DELIVERING},
    Action.VERIFY: frozenset({State.FAILED, State.VERIFYING, State.RETURNED, State.DISCARDED}),
    Action.RETURN: frozenset({State.FAILED}),
    Action.DISCARD: frozenset({State.FAILED}),
    Action.RESTORE: frozenset({State.DISCARDED}),
    # A document in any state can have an alarm.
    Action.ACKNOWLEDGE: frozenset(State),
}

# Every state leads to delivered: evidence is never fenced. No transition leaves it; only an operator's report of a
# restore of D365 puts what D365 lost back into the queue (app/restore_d365.py).
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.DELIVERING, State.DELIVERED}),
    State.DEFERRED: frozenset({State.DELIVERING, State.DELIVERED}),
    State.DELIVERING: frozenset({State.PENDING, State.DEFERRED, State.VERIFYING, State.FAILED, State.DELIVERED}),
    State.VERIFYING: frozenset({State.DELIVERING, State.DEFERRED, State.FAILED, State.DELIVERED}),
    State.FAILED: frozenset({State.PENDING, State.RETURNED, State.DISCARDED, State.DELIVERED}),
    State.RETURNED: frozenset({State.DELIVERED}),
    State.DISCARDED: frozenset({State.FAILED, State.DELIVERED}),
    State.DELIVERED: frozenset(),
}


class DocumentId(NamedTuple):
    """A document's key; `str()` gives the id in the API."""

    web_case_id: str
    submission_no: int

    def __str__(self) -> str:
        """`{web_case_id}-{submission_no}`."""
        return f"{self.web_case_id}-{self.submission_no}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The key for the ID `text`; None if it is not an ID."""
        web_case_id, _, number = text.partition("-")
        if not is_web_case_id(web_case_id) or not number.isascii() or not number.isdigit() or len(number) > 9:
            return None
        return cls(web_case_id, int(number)) if int(number) >= 1 else None


@dataclass(frozen=True, slots=True)
class Claim:
    """A document claimed for one attempt; the intent is stored.

    `expires` is on our monotonic clock; `unsettled_seconds` is how long an earlier POST may still take effect.
    """

    id: DocumentId
    token: UUID
    attempt_no: int
    kind: AttemptKind
    state: State
    case: CaseToCreate
    expires: float
    cause: Cause | None = None
    reason: str | None = None
    detail: str | None = None
    verdict: Verdict | None = None
    unsettled_seconds: float = 0
    posts: int = 0
    waits: int = 0
    retried: bool = False
    traceparent: str | None = None


def case_to_create(
    document_id: DocumentId,
    submission_id: UUID,
    data_area_id: str,
    customer_account: str,
    content: CaseContent,
    created_by: str,
) -> CaseToCreate:
    """What is sent to D365 for a document."""
    contact = content.contact
    return CaseToCreate(
        data_area_id=data_area_id,
        web_case_id=document_id.web_case_id,
        submission_id=submission_id,
        customer_account=customer_account,
        category=content.category,
        category_type=content.category_type,
        priority=content.priority,
        description=content.description,
        contact_name=contact.name if contact else None,
        contact_email=contact.email if contact else None,
        contact_phone=contact.phone if contact else None,
        notes=content.notes,
        created_by=created_by,
    )

"""Submit a draft: the irreversible act, done at most once however often it is requested."""

from dataclasses import dataclass
from typing import NamedTuple

from case_api.app.stores import LOOKS, Key, SubmitAnswer, SubmitRequest, SubmitStore
from case_api.domain.case import Submission
from case_api.domain.errors import (
    CaseNotFound,
    IncompleteCase,
    KeyInUse,
    KeyReused,
    ListsUnknown,
    NotADraft,
    WrongVersion,
)
from case_api.domain.submission import wrong_fields
from case_shared.process.fault_points import FaultPoint, reached
from case_shared.process.loops import WakeUp
from case_shared.words.errors import Transient
from case_shared.words.identifiers import is_web_case_id


class Submitted(NamedTuple):
    """The submission; `replayed` if its Idempotency-Key was answered before."""

    submission: Submission
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Submitter:
    """Submits, and wakes the outbox publisher."""

    store: SubmitStore
    outbox: WakeUp

    async def submit(self, request: SubmitRequest) -> Submitted | None:
        """Submit the draft, or find its earlier submission; None if it was only to be validated, and is valid.

        Raises: `CaseNotFound`, `WrongVersion`, `NotADraft`, `IncompleteCase`, `ListsUnknown`, `KeyReused`, `KeyInUse`.
        """
        if not is_web_case_id(request.web_case_id):
            raise CaseNotFound(request.web_case_id)
        for _ in range(LOOKS):
            answer = await self.store.submit(request)
            if answer is None:
                raise CaseNotFound(request.web_case_id)
            if answer.submission is not None and answer.submitted:
                reached(FaultPoint.SUBMISSION_COMMITTED)
                self.outbox.wake()
                return Submitted(answer.submission)
            if request.key is not None and (kept := _kept(request.key, answer)):
                return kept
            if answer.phase == "submitted":
                return Submitted(_submitted_before(request, answer))
            _refuse(request, answer)
            if request.validate_only:
                return None
        raise Transient(f"another request is changing case {request.web_case_id}")


def _kept(key: Key, answer: SubmitAnswer) -> Submitted | None:
    """Return how `key` was answered before, or None if it is new. Raises: `KeyInUse`, `KeyReused`."""
    if not answer.key_held:
        raise KeyInUse("another request with this Idempotency-Key is under way")
    if answer.kept is None:
        return None
    if answer.kept.request_hash != key.request_hash or answer.kept.submission is None:
        raise KeyReused("this Idempotency-Key was used for another request")
    return Submitted(answer.kept.submission, replayed=True)


def _submitted_before(request: SubmitRequest, answer: SubmitAnswer) -> Submission:
    # A case born in D365 has no submission.
    if answer.submission is None or request.validate_only:
        raise NotADraft(request.web_case_id)
    if not {answer.version, answer.submitted_version} & set(request.versions):
        raise WrongVersion(answer.version, request.versions)
    return answer.submission


def _refuse(request: SubmitRequest, answer: SubmitAnswer) -> None:
    """Raise what prevents the submission of this draft, if anything does."""
    if answer.version not in request.versions:
        raise WrongVersion(answer.version, request.versions)
    # Without the list we cannot judge the category, and a submission cannot be taken back.
    if not answer.facts.lists_known:
        raise ListsUnknown("the categories of this dealer's legal entity were not read from D365 yet")
    fields = wrong_fields(answer.facts)
    if fields:
        raise IncompleteCase(fields)

"""What pages derive from case-api's answers."""

from dataclasses import dataclass

from portal_web.domain.case_api import CaseDocument, SubmissionState

_ENDED_ELSEWHERE = {SubmissionState.FAILED, SubmissionState.DISCARDED, SubmissionState.RETURNED}


@dataclass(frozen=True)
class Versioned:
    """A case with the ETag that its next change must name."""

    case: CaseDocument
    etag: str


def undelivered(case: CaseDocument) -> bool:
    """Whether it did not arrive in D365, and its dealer must know."""
    return case.submission is not None and case.submission.state in _ENDED_ELSEWHERE and case.case_id is None

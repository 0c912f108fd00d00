"""Which delivery events say more than the row does; tests/integration/case_api/test_live_streams.py: what they say."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from case_api.domain.case import Case, Submission
from case_api.domain.overlay import LiveCase, is_news, with_delivery
from case_shared.events import CaseDelivery, SubmissionState
from tests.unit.case_api.test_timeline import case

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
OURS, OTHERS = UUID(int=1), UUID(int=2)


def submitted() -> Case:
    submission = Submission(1, SubmissionState.PENDING, None, None, None, NOON, None, [])
    return case(phase="submitted", status="submitted", submission=submission, submission_no=1)


def told(**fields: Any) -> CaseDelivery:
    known: dict[str, Any] = {
        "web_case_id": "W000000000",
        "submission_no": 1,
        "submission_id": OURS,
        "revision": 3,
        "state": SubmissionState.DELIVERED,
        "case_id": "C-1",
        "occurred_at": NOON,
    }
    return CaseDelivery(**(known | fields))


@pytest.mark.parametrize(
    ("event", "news"),
    [
        (told(), True),
        (told(revision=2), False),
        (told(revision=1), False),
        (told(submission_no=2), False),
        (told(submission_id=OTHERS), False),
        (None, False),
    ],
)
def test_only_a_greater_revision_of_the_current_submission_is_news(event: CaseDelivery | None, news: bool) -> None:
    found = LiveCase(submitted(), OURS, 2)
    assert is_news(found, event) == news
    assert (with_delivery(found, event) != found.case) == news


def test_a_case_born_in_d365_stays_as_it_is() -> None:
    found = LiveCase(case(origin="d365", phase="submitted"), None, 0)
    assert with_delivery(found, told()) == found.case

"""When d365-sync is ahead of the stored state; tests/integration/case_api/test_live_streams.py tests the effect."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from case_api.domain.case import Case, Submission
from case_api.domain.overlay import Delivery, LiveCase, with_delivery
from case_shared.words.events import SubmissionState
from tests.unit.case_api.test_timeline import case

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DELIVERED = Delivery(3, SubmissionState.DELIVERED, "C-1", None, None, [], NOON)


def submitted() -> Case:
    submission = Submission(1, SubmissionState.PENDING, None, None, None, NOON, None, [])
    return case(phase="submitted", status="submitted", submission=submission, submission_no=1)


@pytest.mark.parametrize(
    ("delivery", "news"), [(DELIVERED, True), (replace(DELIVERED, revision=2), False), (None, False)]
)
def test_only_another_revision_than_the_stored_one_is_news(delivery: Delivery | None, news: bool) -> None:
    found = LiveCase(submitted(), 2, delivery)
    assert found.has_news == news
    assert (with_delivery(found) != found.case) == news


def test_a_case_born_in_d365_stays_as_it_is() -> None:
    found = LiveCase(case(origin="d365", phase="submitted"), 0, None)
    assert with_delivery(found) == found.case


def test_a_case_that_d365_lost_has_its_former_number_no_more() -> None:
    stored = replace(
        submitted(), submission=Submission(1, SubmissionState.DELIVERED, "C-1", None, None, NOON, NOON, [])
    )
    lost = Delivery(3, SubmissionState.PENDING, None, "lost_in_d365", None, [], None)
    shown = with_delivery(LiveCase(stored, 2, lost))
    assert shown.submission is not None
    assert (shown.case_id, shown.submission.case_id, shown.submission.delivered_at) == (None, None, None)

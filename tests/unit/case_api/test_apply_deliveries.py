"""Of many events about a submission the greatest revision counts."""

from datetime import UTC, datetime
from uuid import UUID

from case_api.app.apply_deliveries import newest
from case_shared.events import CaseDelivery, SubmissionState


def event(web_case_id: str, submission_no: int, revision: int) -> CaseDelivery:
    return CaseDelivery(
        web_case_id=web_case_id,
        submission_no=submission_no,
        submission_id=UUID(int=1),
        revision=revision,
        state=SubmissionState.DELIVERING,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_events_are_deduplicated_and_in_the_order_of_locks() -> None:
    events = [
        event("W000000002", 1, 1),
        event("W000000001", 2, 1),
        event("W000000001", 1, 3),
        event("W000000001", 1, 2),
    ]
    found = [(e.web_case_id, e.submission_no, e.revision) for e in newest(events)]
    assert found == [("W000000001", 1, 3), ("W000000001", 2, 1), ("W000000002", 1, 1)]

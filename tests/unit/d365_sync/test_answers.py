"""Documents as operators receive them."""

from typing import Any

import pytest

from d365_sync.app.operator_actions import DocumentChanged
from d365_sync.app.replays import ReplayNotAllowed
from d365_sync.domain.replay import ReplayAction, ReplayState
from d365_sync.web.answers import _AS_THEY_ARE, WORDING, document

ROW: dict[str, Any] = {
    **dict.fromkeys(_AS_THEY_ARE),
    "web_case_id": "W7K2M9QX4T",
    "submission_no": 1,
    "state": "failed",
    "leased": False,
    "alarms": [],
    "alarm_since": None,
}
ABSENT = {"category_type": None, "priority": None, "description": None, "notes": None}


@pytest.mark.parametrize(
    ("content", "payload"),
    [
        ({"category": "Breakdown"}, {"category": "Breakdown", "contact": None, **ABSENT}),
        (
            {"category": "Breakdown", "contact": {"name": "Ann"}},
            {"category": "Breakdown", "contact": {"name": "Ann", "email": None, "phone": None}, **ABSENT},
        ),
        (None, None),
    ],
    ids=["no contact", "part of a contact", "emptied"],
)
def test_a_payload_shows_every_field(content: Any, payload: Any) -> None:
    assert document({**ROW, "content": content}, may_write=True)["payload"] == payload


def test_a_document_that_has_changed_is_answered_with_its_etag() -> None:
    problem = WORDING[DocumentChanged](DocumentChanged(7, 6))
    assert (problem.headers, problem.extensions) == ({"ETag": '"7"'}, {"current_etag": '"7"'})


@pytest.mark.parametrize(
    ("state", "offered"),
    [(ReplayState.COMPLETED, "No action is possible now."), (ReplayState.RUNNING, "Allowed now: pause, cancel.")],
)
def test_a_refused_action_says_what_is_possible(state: ReplayState, offered: str) -> None:
    problem = WORDING[ReplayNotAllowed](ReplayNotAllowed(ReplayAction.RESUME, state))
    assert problem.detail == f"The replay is {state}, so resume is not possible. {offered}"

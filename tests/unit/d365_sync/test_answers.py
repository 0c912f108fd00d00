"""Documents as operators receive them."""

from typing import Any

import pytest

from d365_sync.web.answers import _AS_THEY_ARE, document

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

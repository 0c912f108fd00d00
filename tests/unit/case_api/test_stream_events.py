"""Events of the live stream, as clients in other languages split them into lines."""

import json

from case_api.domain.case import Content
from case_api.web.stream import case_event
from tests.unit.case_api.test_timeline import case


def test_no_text_of_a_case_ends_a_line_whatever_a_client_takes_for_one() -> None:
    """Python's `splitlines`, which several clients use, ends one at ten characters; text/event-stream at CR and LF."""
    text = "a\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029event: case\u2028data: {}\u2028\u2028b\r\n"
    sent = case_event(case(content=Content(description=text)), "1-0").decode()

    name, data, place, *rest = sent.splitlines()
    assert (name, place, rest) == ("event: case", "id: 1-0", [""])
    assert json.loads(data.removeprefix("data: "))["description"] == text

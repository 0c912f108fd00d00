"""What gets into the logs."""

import logging

from case_shared.telemetry import OncePerMinute


def record(at: float, message: str, *arguments: object, name: str = "aiokafka.client") -> logging.LogRecord:
    made = logging.LogRecord(name, logging.ERROR, "", 0, message, arguments, None)
    made.created = at
    return made


def test_a_library_that_repeats_itself_is_told_once_a_minute_and_how_often() -> None:
    quiet = OncePerMinute("aiokafka")
    assert [quiet.filter(record(1000 + second, "no node %s", second)) for second in (0, 1, 59)] == [True, False, False]
    assert quiet.filter(record(1001, "another kind"))
    again = record(1060, "no node %s", 3)
    assert quiet.filter(again)
    assert again.getMessage() == "no node 3 (and 2 more like it before)"
    after = record(1121, "no node %s", 4)
    assert quiet.filter(after)
    assert after.getMessage() == "no node 4"


def test_others_are_left_alone() -> None:
    quiet = OncePerMinute("aiokafka")
    assert all(quiet.filter(record(1000, "same", name=name)) for name in ("uvicorn", "aiokafka2", "uvicorn"))

"""When unreadable records are a flood."""

import pytest

from case_shared.kafka.flood import FloodGate

GOOD, BAD = False, True


@pytest.mark.parametrize(
    ("before", "records", "flood"),
    [
        ([], [BAD] * 99, None),
        ([], [BAD] * 100, (100, 100)),
        ([], [GOOD] * 50 + [BAD] * 50, None),
        ([], [GOOD] * 50 + [BAD] * 51, (51, 101)),
        ([GOOD] * 200, [BAD] * 100, None),
        ([GOOD] * 200, [BAD] * 101, (101, 200)),
        # Later records do not hide it.
        ([], [BAD] * 120 + [GOOD] * 300, (100, 100)),
        # One in a hundred is no flood, however many there are.
        ([], ([GOOD] * 99 + [BAD]) * 50, None),
        # A good record ends a flood, and earlier records never delay it.
        ([BAD] * 99, [GOOD] * 60, None),
    ],
)
def test_flooded_by(before: list[bool], records: list[bool], flood: tuple[int, int] | None) -> None:
    gate = FloodGate()
    gate.remember(before)
    assert gate.flooded_by(records) == flood
    assert gate.flooded_by(records) == flood, "it is asked again, and answers the same"


def test_what_was_let_through_is_forgotten() -> None:
    gate = FloodGate()
    gate.remember([BAD] * 200)
    assert gate.flooded_by([BAD]) is not None
    gate.forget()
    assert gate.flooded_by([BAD] * 99) is None

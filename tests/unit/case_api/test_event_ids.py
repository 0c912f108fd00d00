"""IDs of live events: encodes and decodes what was read so far."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_api.domain.event_ids import Partition, event_id, parse_event_id

OFFSETS = st.lists(st.integers(0, 10**18 - 1), min_size=1, max_size=200)


@given(OFFSETS, OFFSETS)
def test_an_id_brings_back_its_offsets(first: list[int], second: list[int]) -> None:
    offsets = {
        Partition(topic, number): offset
        for topic, known in enumerate((first, second))
        for number, offset in enumerate(known)
    }
    assert parse_event_id(event_id(offsets)) == offsets


def test_an_id_is_short_and_readable() -> None:
    offsets = {Partition(topic, number): 10 * topic + number for topic in (1, 0) for number in (2, 0, 1)}
    assert event_id(offsets) == "0-1-2.10-11-12"
    assert event_id({}) == "0.0"


@pytest.mark.parametrize(
    "text",
    ["", "x", "1", "1-2", "1.2.3", "1-.2", "-1.2", "1.2 ", "1.2\n", "٣.٤", "1." + "9" * 19, "1." + "-".join("1" * 201)],
)
def test_what_is_no_id_of_ours_is_none(text: str) -> None:
    assert parse_event_id(text) is None


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    parsed = parse_event_id(text)
    assert parsed is None or parse_event_id(event_id(parsed)) == parsed

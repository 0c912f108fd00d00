"""What a consumer reports about itself."""

from dataclasses import dataclass

from aiokafka import TopicPartition

from case_shared.kafka.consumer_state import ConsumerState
from case_shared.kafka.record_batches import DecodedRecord, UndecodableRecord
from tests.support.clocks import HandClock

PLACE = TopicPartition("t", 0)


@dataclass
class Watched:
    """A consumer that has joined its group, and its clock."""

    clock: HandClock
    state: ConsumerState

    def measured(self, *, end: int, position: int) -> tuple[int, float]:
        self.state.measure({PLACE: end}, {PLACE: position})
        return self.state.lag_records, self.state.lag_seconds


def watched() -> Watched:
    clock = HandClock(1000)
    state = ConsumerState("t", "g", clock, start_seconds=60)
    state.has_joined()
    return Watched(clock, state)


def record(offset: int) -> DecodedRecord:
    return DecodedRecord("t", 0, offset, -5, None, None, ())


def test_what_is_in_hand_counts_as_behind_until_it_is_handled() -> None:
    one = watched()
    assert one.measured(end=10, position=10) == (0, 0)
    one.state.has_read([record(10), record(11)])
    assert one.measured(end=12, position=12) == (2, 0)
    one.clock.seconds += 61
    assert one.measured(end=12, position=12) == (2, 61)
    assert "waited for 61 s" in (one.state.concern or "")
    one.state.has_handled([record(10), record(11)])
    assert one.measured(end=12, position=12) == (0, 0)
    assert one.state.concern is None


def test_it_is_not_late_while_it_gets_on() -> None:
    one = watched()
    for offset in range(5):
        one.state.has_read([record(offset)])
        one.state.has_handled([record(offset)])
        one.clock.seconds += 50
        one.measured(end=1000, position=offset + 1)
        assert one.state.concern is None


def test_marks_of_transactions_and_ranges_that_cannot_be_decoded_are_passed() -> None:
    one = watched()
    broken = UndecodableRecord("t", 0, 0, 9, 0, b"", "corrupt")
    one.state.has_read([broken])
    assert one.measured(end=12, position=12) == (12, 0)
    one.state.has_handled([broken])
    assert one.measured(end=12, position=12) == (0, 0), "10 and 11 are no records"


def test_a_partition_that_went_and_came_back_is_where_its_group_is() -> None:
    one = watched()
    one.state.has_read([record(3)])
    one.state.has_handled([record(3)])
    assert one.measured(end=500, position=490) == (10, 0)


def test_it_is_ready_again_once_it_has_joined() -> None:
    one = watched()
    one.state.has_failed(ValueError("odd\0\ud800"), ended=True)
    one.state.has_left()
    assert "failed and restarts" in (one.state.problem or "")
    one.state.has_joined()
    assert (one.state.problem, one.state.concern) == (None, None)

"""The records that are kept to resume streams."""

from hypothesis import given
from hypothesis import strategies as st

from case_api.app.recent_records import LiveRecord, RecentRecords
from case_api.domain.event_ids import Partition

A, B = Partition(0, 0), Partition(1, 0)


def record(partition: Partition, offset: int, web_case_id: str | None = "W000000000") -> LiveRecord:
    return LiveRecord(partition, offset, 0.0, web_case_id)


def kept(most: int = 100, seconds: float = 60) -> RecentRecords:
    records = RecentRecords(most, seconds)
    records.begin({A: 10, B: 20})
    return records


@given(
    st.lists(st.tuples(st.sampled_from([A, B]), st.booleans()), max_size=60),
    st.integers(1, 20),
    st.integers(0, 60),
)
def test_since_gives_exactly_what_came_after_or_says_that_it_cannot(
    read: list[tuple[Partition, bool]], most: int, place: int
) -> None:
    records = kept(most)
    all_read: list[LiveRecord] = []
    after = dict(records.offsets)
    for number, (partition, readable) in enumerate(read):
        if number == place:
            after, all_read = dict(records.offsets), []
        one = record(partition, records.offsets[partition], "W000000000" if readable else None)
        records.add(one, now=0)
        all_read += [one] if readable else []
    missed = records.since(after)
    assert len(records) <= most
    if len(all_read) > most:
        assert missed is None
    else:
        assert missed == all_read


def test_before_the_start_nothing_is_kept() -> None:
    records = kept()
    assert records.since({A: 10, B: 20}) == []
    assert records.since({A: 9, B: 20}) is None
    assert records.since({A: 10}) is None


def test_what_is_too_old_is_let_go_and_named_so() -> None:
    records = kept(seconds=60)
    records.add(record(A, 10), now=0)
    records.add(record(B, 20), now=61)
    assert records.since({A: 10, B: 20}) is None
    assert records.since({A: 11, B: 20}) == [record(B, 20)]


def test_who_has_read_further_is_ahead_of_us() -> None:
    records = kept()
    assert not records.are_behind({A: 10, B: 20})
    assert records.are_behind({A: 11, B: 20})
    assert records.are_behind({A: 10, B: 20, Partition(0, 1): 1})


def test_a_partition_that_came_later_is_missed_from_its_beginning() -> None:
    records = kept()
    records.begin({A: 0, Partition(0, 1): 0})
    records.add(record(Partition(0, 1), 0), now=0)
    assert records.offsets[A] == 10
    assert records.since({A: 10, B: 20}) == [record(Partition(0, 1), 0)]


def test_deliveries_are_recent_while_they_are_kept() -> None:
    records = kept(most=3)
    for offset in range(3):
        records.add(record(B, 20 + offset), now=offset)
    assert records.recent_deliveries(since=0, most=10) == ["W000000000"]
    assert records.recent_deliveries(since=3, most=10) == []
    for offset in range(3):
        records.add(LiveRecord(A, 10 + offset, 0.0, "W111111111", "usmf-us-001"), now=3)
    assert records.recent_deliveries(since=0, most=10) == []
    records.forget()
    assert (len(records), records.offsets, records.since({})) == (0, {}, [])

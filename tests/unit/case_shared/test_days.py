"""Days begin and end as on people's clocks, even if midnight does not exist or exists twice."""

from datetime import UTC, date, datetime, timedelta

import pytest

from case_shared.words.days import day_begins, day_ends, find_zone


@pytest.mark.parametrize(
    ("zone", "day", "begins", "hours"),
    [
        ("UTC", "2026-01-31", "2026-01-31T00:00", 24),
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00", 23),
        ("America/Santiago", "2024-09-08", "2024-09-08T04:00", 23),  # no midnight
        ("America/Santiago", "2024-09-07", "2024-09-07T04:00", 24),
        ("America/Santiago", "2024-04-06", "2024-04-06T03:00", 25),  # 24:00 is 23:00 again
        ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00", 23),
        ("Asia/Beirut", "2024-03-31", "2024-03-30T22:00", 23),
        ("Asia/Beirut", "2024-10-26", "2024-10-25T21:00", 25),
        ("America/Havana", "2024-11-03", "2024-11-03T04:00", 25),  # midnight twice
        ("America/St_Johns", "2006-04-02", "2006-04-02T03:30", 23),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00", 0),  # a skipped day
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30", 23.5),  # 23:30 was followed by 00:30
    ],
)
def test_a_day_goes_from_its_beginning_to_the_next_one_s(zone: str, day: str, begins: str, hours: float) -> None:
    found = find_zone(zone)
    assert found is not None
    begin, end = (edge(date.fromisoformat(day), found) for edge in (day_begins, day_ends))
    assert begin == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert end - begin == timedelta(hours=hours)


def test_the_first_and_the_last_day_that_there_are() -> None:
    east, west = find_zone("Asia/Tokyo"), find_zone("Pacific/Honolulu")
    assert east is not None
    assert west is not None
    assert day_begins(date.min, east) == datetime.min.replace(tzinfo=UTC)
    assert day_begins(date.max, west) < day_ends(date.max, west)


@pytest.mark.parametrize("name", ["Europe/Kiev", "Europe/Kyiv", "Asia/Calcutta", "US/Pacific"])
def test_old_names_of_zones_are_zones(name: str) -> None:
    assert find_zone(name) is not None


@pytest.mark.parametrize("name", ["", "Mars/Base", "../../etc/passwd", "/etc/localtime", "Europe", "x" * 65, "a\0b"])
def test_what_is_no_zone_is_none(name: str) -> None:
    assert find_zone(name) is None

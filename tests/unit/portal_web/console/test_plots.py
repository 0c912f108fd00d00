"""The last hour as bars."""

from datetime import UTC, datetime, timedelta

from portal_web.domain.d365_sync import Minute
from portal_web.web.console.plots import HEIGHT, SERIES, WIDTH, plot

COUNTS = (
    "submitted",
    "taken_in",
    "posts",
    "look_ups",
    "delivered",
    "rejected",
    "unknown",
    "deferred",
    "failed",
    "unreadable",
    "told",
)


def history(**counts: list[int]) -> list[Minute]:
    """Minutes with these counts, and nothing else."""
    many = max(len(values) for values in counts.values())
    begin = datetime(2026, 11, 24, 12, tzinfo=UTC)
    return [
        Minute(
            minute=begin + timedelta(minutes=place),
            post_seconds=None,
            **{name: counts[name][place] if name in counts else 0 for name in COUNTS},
        )
        for place in range(many)
    ]


def test_the_fullest_minute_fills_the_picture_and_failures_stand_on_top() -> None:
    drawn = plot(history(delivered=[3, 0, 1], rejected=[1, 0, 0]), "d365")

    good, bad, last = drawn.bars
    assert (drawn.most, drawn.total, drawn.bad) == (4, 4, 1)
    assert (good.kind, good.y + good.height) == ("good", HEIGHT)
    assert (bad.kind, bad.y, bad.y + bad.height) == ("bad", 0, good.y)
    assert last.x + last.width < WIDTH


def test_what_is_small_beside_much_is_seen_and_nothing_is_nothing() -> None:
    drawn = plot(history(submitted=[10_000, 1]), "unsent")

    assert drawn.bars[1].height > 1
    assert plot(history(submitted=[0, 0]), "unsent").bars == []
    assert all(plot([], stage).total == 0 for stage in SERIES)

"""The last hour as bars, drawn on the server: only coordinates, which the template turns into SVG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portal_web.domain.d365_sync import Minute

WIDTH, HEIGHT = 240, 48
_LEAST_SHOWN = 2.0


@dataclass(frozen=True)
class Bar:
    """A part of a minute's bar."""

    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True)
class Plot:
    """The bars of a series, the highest count of a minute, and the totals."""

    bars: Sequence[Bar]
    most: int
    total: int
    bad: int


Count = Callable[[Minute], int]
# By stage: what came through in a minute, and what went wrong.
SERIES: dict[str, tuple[Count, Count]] = {
    "unsent": (lambda minute: minute.submitted, lambda _minute: 0),
    "kafka": (lambda minute: minute.taken_in, lambda minute: minute.unreadable),
    "queue": (lambda minute: minute.posts, lambda minute: minute.failed),
    "d365": (
        lambda minute: minute.delivered,
        lambda minute: minute.rejected + minute.unknown + minute.deferred,
    ),
    "status": (lambda minute: minute.told, lambda _minute: 0),
}


def plot(history: Sequence[Minute], stage: str) -> Plot:
    """The bars of a stage: what went well below, what did not above it."""
    good, bad = SERIES[stage]
    most = max((good(minute) + bad(minute) for minute in history), default=0)
    width = WIDTH / max(len(history), 1)
    bars: list[Bar] = []
    for place, minute in enumerate(history):
        bottom = float(HEIGHT)
        for kind, count in (("good", good(minute)), ("bad", bad(minute))):
            if not count:
                continue
            height = max(_LEAST_SHOWN, round(count / most * HEIGHT, 1))
            bottom = max(0.0, bottom - height)
            bars.append(
                Bar(round(place * width + width * 0.05, 2), round(bottom, 1), round(width * 0.9, 2), height, kind)
            )
    return Plot(bars, most, sum(good(minute) for minute in history), sum(bad(minute) for minute in history))

"""How late the event loop is: the time that a request waits although nothing it needs is slow."""

import asyncio
from time import perf_counter

from prometheus_client import Histogram

_EVERY_SECONDS = 0.25
_delay = Histogram(
    "casebridge_event_loop_delay_seconds",
    "How late the event loop wakes a task, measured four times a second",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)


async def measure_loop_delay(stopping: asyncio.Event) -> None:
    """Measure until `stopping` is set."""
    while not stopping.is_set():
        began = perf_counter()
        await asyncio.sleep(_EVERY_SECONDS)
        _delay.observe(max(0.0, perf_counter() - began - _EVERY_SECONDS))

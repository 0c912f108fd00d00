"""Waits for a condition instead of sleeping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tests.support.patience import PATIENCE

T = TypeVar("T")


async def eventually(
    probe: Callable[[], Awaitable[T]],
    holds: Callable[[T], bool] = bool,
    *,
    within_seconds: float = 15,
    every_seconds: float = 0.05,
) -> T:
    """Call `probe` until `holds` accepts its result, and return that; at the time limit fail with the last value.

    `within_seconds` is for two quiet cores, and multiplied by `PATIENCE`.
    """
    within_seconds *= PATIENCE
    deadline = time.monotonic() + within_seconds
    while True:
        value = await probe()
        if holds(value):
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come true within {within_seconds} s; last seen: {value!r}")
        await asyncio.sleep(every_seconds)

"""A loop goes on whatever a turn raises, and ends when it is cancelled itself."""

import asyncio

import pytest

from case_shared.clock import SystemClock
from case_shared.health import Heartbeats
from case_shared.loops import run_loop


async def test_a_cancellation_that_comes_out_of_a_library_does_not_end_the_loop() -> None:
    stopping, turns = asyncio.Event(), 0

    async def turn() -> bool:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise asyncio.CancelledError
        stopping.set()
        return False

    async with asyncio.timeout(5):
        await run_loop("test", turn, every_seconds=1, stopping=stopping, heartbeats=Heartbeats(SystemClock()))
    assert turns == 2


async def test_a_loop_that_is_cancelled_ends() -> None:
    under_way = asyncio.Event()

    async def turn() -> bool:
        under_way.set()
        await asyncio.Event().wait()
        return False

    loop = asyncio.create_task(
        run_loop("test", turn, every_seconds=1, stopping=asyncio.Event(), heartbeats=Heartbeats(SystemClock()))
    )
    await under_way.wait()
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await loop

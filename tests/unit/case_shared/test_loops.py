"""A loop continues whatever a turn raises, and ends when canceled; any other end of it ends the process."""

import asyncio
import itertools
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
import pytest
import structlog
from aiokafka.errors import KafkaConnectionError
from structlog.testing import capture_logs

from case_shared.process import loops
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loops import Spacing, run_loop, start
from tests.support.clocks import HandClock


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


async def test_a_failure_is_an_error_once_it_lasts_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    stopping, clock = asyncio.Event(), HandClock(1000)
    monkeypatch.setattr(loops, "_LONGEST_PAUSE_SECONDS", 0.0)
    outcomes = iter([False, False, True, False, False])  # it heals once in between

    async def turn() -> bool:
        fine = next(outcomes, None)
        clock.seconds += 40
        if fine is None:
            stopping.set()
        if not fine:
            raise RuntimeError("a bug")
        return True

    with structlog.testing.capture_logs() as logs:
        async with asyncio.timeout(5):
            await run_loop("test", turn, every_seconds=1, stopping=stopping, heartbeats=Heartbeats(clock))
    assert [one["log_level"] for one in logs] == ["warning", "warning", "warning", "warning", "error"]
    assert [bool(one["exc_info"]) for one in logs] == [True, False, True, False, False]


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


@pytest.mark.parametrize(
    ("error", "traced"),
    [
        (ConnectionRefusedError(111, "Connection refused"), False),
        (asyncpg.CannotConnectNowError("the database system is starting up"), False),
        (asyncpg.ConnectionDoesNotExistError("connection was closed"), False),
        (asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"), False),
        (KafkaConnectionError("unable to bootstrap"), False),
        (asyncpg.UndefinedTableError("no such table"), True),
        (RuntimeError("a bug"), True),
    ],
)
async def test_a_server_that_is_away_is_logged_without_a_stack_trace(error: Exception, traced: bool) -> None:
    stopping = asyncio.Event()

    async def turn() -> bool:
        stopping.set()
        raise error

    with capture_logs() as logs:
        await run_loop("test", turn, every_seconds=1, stopping=stopping, heartbeats=Heartbeats(SystemClock()))
    [entry] = logs
    assert (entry["event"], entry["error"], entry["exc_info"]) == ("loop_turn_failed", repr(error), traced)


async def meets_a_cancellation() -> None:
    other = asyncio.create_task(asyncio.sleep(60))
    other.cancel()
    await other


async def raises() -> None:
    raise RuntimeError("not foreseen")


async def waits() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("loop", "signals"),
    [(raises, [signal.SIGTERM]), (meets_a_cancellation, [signal.SIGTERM]), (waits, [])],
)
async def test_only_a_loop_that_nobody_ended_ends_the_process(
    loop: Callable[[], Coroutine[Any, Any, None]], signals: list[signal.Signals], monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[signal.Signals] = []
    monkeypatch.setattr(signal, "raise_signal", raised.append)
    (task,) = start({"loop": loop()})
    if loop is waits:
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert raised == signals


async def test_the_first_turn_begins_at_once_and_the_next_one_later() -> None:
    loop, spacing = asyncio.get_running_loop(), Spacing(0.05)
    began = []
    for _ in range(3):
        await spacing.wait()
        began.append(loop.time())
    assert [later - earlier >= 0.05 for earlier, later in itertools.pairwise(began)] == [True, True]
    hourly = Spacing(3600)
    async with asyncio.timeout(5):
        await hourly.wait()


async def test_a_service_that_stops_does_not_wait_for_its_next_turn() -> None:
    stopping, spacing = asyncio.Event(), Spacing(3600)
    await spacing.wait(stopping)
    waiting = asyncio.create_task(spacing.wait(stopping))
    await asyncio.sleep(0)
    assert not waiting.done()
    stopping.set()
    async with asyncio.timeout(5):
        await waiting

"""Loops that go on whatever a turn raises, and end when the service stops."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog
from aiokafka.errors import KafkaError
from prometheus_client import Counter

if TYPE_CHECKING:  # health imports FastAPI, which commands that serve nothing need not wait for
    from case_shared.process.heartbeats import Heartbeats


log = structlog.get_logger(__name__)
_failures = Counter("casebridge_loop_failures_total", "Runs of a loop that failed", ["loop"])
_LONGEST_PAUSE_SECONDS = 5.0
# What fails for shorter than this has healed by itself.
_LASTING_SECONDS = 60.0
# A server is away or restarts: its words say all. asyncpg raises its internal error on a connection that was just lost.
_AWAY = (
    OSError,
    KafkaError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,
)


@dataclass(frozen=True)
class WakeUp:
    """Wakes a loop early; many calls wake it once."""

    _event: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Wake the loop, now or at its next wait."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Wait to be woken, at most `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()


@dataclass
class Spacing:
    """Lets turns begin `seconds` apart: the first begins at once, and what comes meanwhile shares the next.

    So a lone piece of work waits for nothing, and many still cost as few turns as if each waited for others.
    """

    seconds: float
    _began: float = float("-inf")

    async def wait(self, stopping: asyncio.Event | None = None) -> None:
        """Wait until the next turn may begin, but no longer than until `stopping` is set."""
        loop = asyncio.get_running_loop()
        left = self._began + self.seconds - loop.time()
        if left > 0:
            await (pause(left, stopping) if stopping else asyncio.sleep(left))
        self._began = loop.time()


async def pause(seconds: float, stopping: asyncio.Event) -> None:
    """Wait for `seconds`, but no longer than until `stopping` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        pass


def start(loops: Mapping[str, Coroutine[Any, Any, None]]) -> list[asyncio.Task[None]]:
    """Start loops as tasks with these names.

    An error that ends a loop is one that nobody expected: the process then stops, so that it is restarted as a whole
    instead of going on without the loop.
    """
    tasks = [asyncio.create_task(loop, name=name) for name, loop in loops.items()]
    for task in tasks:
        task.add_done_callback(_stop_if_failed)
    return tasks


def _stop_if_failed(task: asyncio.Task[None]) -> None:
    # If nobody canceled the loop itself, something that it waited for was canceled.
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    if error is not None and not task.cancelling():
        log.critical("loop_died", loop=task.get_name(), exc_info=error)
        signal.raise_signal(signal.SIGTERM)


async def finish(stopping: asyncio.Event, tasks: Sequence[asyncio.Task[None]], *, within_seconds: float) -> None:
    """Set `stopping` and let the loops end by themselves; cancel those that are late."""
    stopping.set()
    _, late = await asyncio.wait(tasks, timeout=within_seconds)
    for task in late:
        log.warning("loop_cancelled", loop=task.get_name())
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def run_loop(
    name: str,
    turn: Callable[[], Awaitable[bool]],
    *,
    every_seconds: float,
    stopping: asyncio.Event,
    heartbeats: "Heartbeats",
    wake_up: WakeUp | None = None,
    turn_seconds: float = 60,
) -> None:
    """Call `turn` until `stopping` is set: again at once if it returns True (more to do), else after a wait.

    A turn that raises is logged (as an error once it has failed for a minute, before that as a warning), counted and
    tried again after a pause that doubles up to five seconds. It still beats: metrics and readiness show the failure,
    and a restart would not fix it. A turn that takes longer than `turn_seconds` without a beat of its own is stuck.
    """
    wake_up = wake_up or WakeUp()
    # A loop that sleeps would notice `stopping` only at its next turn.
    waker = asyncio.create_task(_wake_when(stopping, wake_up))
    heartbeats.expect(name, within_seconds=every_seconds + turn_seconds)
    try:
        await _turns(name, turn, every_seconds, stopping, heartbeats, wake_up)
    finally:
        waker.cancel()
        heartbeats.forget(name)


async def _wake_when(stopping: asyncio.Event, wake_up: WakeUp) -> None:
    await stopping.wait()
    wake_up.wake()


async def _turns(
    name: str,
    turn: Callable[[], Awaitable[bool]],
    every_seconds: float,
    stopping: asyncio.Event,
    heartbeats: "Heartbeats",
    wake_up: WakeUp,
) -> None:
    failures, failing_since = 0, 0.0
    while not stopping.is_set():
        try:
            more = await turn()
            failures = 0
            heartbeats.succeeded(name)
        except (Exception, asyncio.CancelledError) as error:
            # A cancellation that is not ours came out of a library: it must not end the loop silently.
            if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                raise
            now = heartbeats.clock.monotonic()
            failing_since = failing_since if failures else now
            failures += 1
            _failures.labels(name).inc()
            heartbeats.failed(name, type(error).__name__)
            write = log.error if now - failing_since >= _LASTING_SECONDS else log.warning
            traced = failures == 1 and not isinstance(error, _AWAY)
            write("loop_turn_failed", loop=name, error=repr(error), failures=failures, exc_info=traced)
            await pause(min(_LONGEST_PAUSE_SECONDS, 0.1 * 2 ** min(failures, 10)), stopping)
            more = True
        heartbeats.beat(name)
        if not more and not stopping.is_set():
            await wake_up.wait(every_seconds)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

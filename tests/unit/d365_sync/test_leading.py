"""How long the leader's loops may go without a beat, while D365 does not answer."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from case_shared.database.leadership import Lease
from case_shared.process.heartbeats import Heartbeats
from d365_sync.app.ports import Leader
from d365_sync.app.replay_dry_run import ForecastReplay
from d365_sync.app.replay_runner import RunReplays
from d365_sync.app.replays import Candidate, Replays, RunningReplay
from d365_sync.app.wake_ups import WakeUps
from d365_sync.dispatcher import Dispatcher
from d365_sync.leading import Leading
from d365_sync.metrics import Measure
from tests.support.clocks import HandClock


async def test_a_restore_and_a_replay_may_wait_for_several_answers_of_d365(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, begun, stopping = HandClock(), asyncio.Event(), asyncio.Event()
    heartbeats = Heartbeats(clock)

    async def waits(*_: Any) -> bool:
        begun.set()
        await asyncio.Event().wait()
        return False

    async def idle(*_: Any) -> bool:
        return False

    monkeypatch.setattr(Dispatcher, "lead", idle)
    dispatcher = object.__new__(Dispatcher)
    dispatcher.timeout_seconds = 30
    hangs, asks_nothing = cast("Any", waits), cast("Any", idle)
    measure = cast("Measure", SimpleNamespace(ledger=idle, forget_ledger=lambda: None))
    leader = Leading(dispatcher, hangs, hangs, asks_nothing, measure, heartbeats, WakeUps())
    leading = asyncio.create_task(leader.lead(Lease("dispatcher", 1, clock, 1e9), stopping))
    await begun.wait()

    # A look-up, older cases, the look-up beside these, and linked cases by number, besides our own work.
    clock.seconds += 4 * 30 + 59
    assert not {"replays", "d365_restores"} & heartbeats.stuck().keys()
    clock.seconds += 600
    assert {"replays", "d365_restores"} <= heartbeats.stuck().keys()
    leading.cancel()
    await asyncio.gather(leading, return_exceptions=True)


async def test_a_turn_beats_after_each_replay() -> None:
    seen: list[str] = []

    async def running(_most: int) -> list[RunningReplay]:
        return [RunningReplay(UUID(int=number), dry_run=True) for number in range(3)]

    async def candidates(_replay_id: UUID, _most: int) -> list[Candidate]:
        return []

    async def store_forecasts(*_: Any) -> int:
        return 0

    async def forecast(_candidates: list[Candidate]) -> list[Any]:
        seen.append("asked")
        return []

    store = SimpleNamespace(running=running, candidates=candidates, store_forecasts=store_forecasts)
    replays = RunReplays(
        cast("Replays", store),
        cast("ForecastReplay", forecast),
        lambda: True,
        lambda: None,
        HandClock(),
        lambda: seen.append("beat"),
    )

    await replays(Leader("dispatcher", 1))

    assert seen == ["asked", "beat"] * 3

"""Carry out replays: the leader's part, in steps of one transaction each."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from prometheus_client import Counter

from case_shared.d365.errors import D365Error
from case_shared.process.clock import Clock
from case_shared.process.fault_points import FaultPoint, reached
from d365_sync.app.operator_actions import D365Unreachable
from d365_sync.app.ports import Leader
from d365_sync.app.replay_dry_run import ForecastReplay
from d365_sync.app.replays import Replays, RunningReplay

log = structlog.get_logger(__name__)
_REPLAYS_AT_ONCE = 20
_STEP = 100
# At most this many documents of a replay wait for D365: a pause leaves few to send, and an outage stops the rest. Those
# of other replays do not count: one whose legal entity D365 does not answer for delays no other.
_MOST_QUEUED = 500
_DRY_RUN_STEP = 400
_HELD_UP_SECONDS = 5.0
_stepped = Counter("d365_sync_replayed_documents_total", "Documents processed by bulk replays", ["kind"])


@dataclass
class RunReplays:
    """A step's effects are stored with its position, so a kill loses nothing and repeats nothing.

    `may_send` says whether D365 may be asked now; `queued` is called after documents were put back into the queue, and
    `progressed` after each replay's step: a turn has as many as replays run.
    """

    replays: Replays
    forecast: ForecastReplay
    may_send: Callable[[], bool]
    queued: Callable[[], None]
    clock: Clock
    progressed: Callable[[], None]
    _held_up_until: dict[UUID, float] = field(default_factory=dict)
    # Since when replays have replayed nothing.
    _idle_since: dict[UUID, float] = field(default_factory=dict)

    async def __call__(self, leader: Leader) -> bool:
        """Run one step of each running replay; True if there is more to do at once."""
        running = await self.replays.running(_REPLAYS_AT_ONCE)
        more = False
        for replay in running:
            more |= await self._step(replay, leader)
            self.progressed()
        return more

    async def _step(self, replay: RunningReplay, leader: Leader) -> bool:
        if replay.dry_run:
            return await self._foresee(replay.replay_id, leader)
        done = await self.replays.step(replay.replay_id, leader, limit=_STEP, most_queued=_MOST_QUEUED)
        reached(FaultPoint.REPLAY_STEPPED)
        if done:
            _stepped.labels("replay").inc(done)
            self._idle_since.pop(replay.replay_id, None)
            self.queued()
        else:
            await self._idle(replay.replay_id)
        return done == _STEP

    async def _idle(self, replay_id: UUID) -> None:
        now = self.clock.monotonic()
        if now - self._idle_since.setdefault(replay_id, now) >= _HELD_UP_SECONDS:
            self._idle_since[replay_id] = now
            await self.replays.hold_up_if_full(replay_id, _MOST_QUEUED)

    async def _foresee(self, replay_id: UUID, leader: Leader) -> bool:
        if self._held_up_until.get(replay_id, 0.0) > self.clock.monotonic():
            return False
        if not self.may_send():
            await self._hold_up(replay_id, "Nothing is sent to D365 at the moment. GET /v1/delivery shows why")
            return False
        candidates = await self.replays.candidates(replay_id, _DRY_RUN_STEP)
        try:
            forecasts = await self.forecast(candidates)
        except (D365Error, D365Unreachable) as error:
            await self._hold_up(replay_id, str(error))
            return False
        reached(FaultPoint.REPLAY_FORESEEN)
        self._held_up_until.pop(replay_id, None)
        done = await self.replays.store_forecasts(replay_id, leader, forecasts)
        _stepped.labels("dry_run").inc(done)
        return done > 0

    async def _hold_up(self, replay_id: UUID, why: str) -> None:
        log.warning("dry_run_held_up", replay_id=str(replay_id), why=why)
        self._held_up_until[replay_id] = self.clock.monotonic() + _HELD_UP_SECONDS
        await self.replays.hold_up(replay_id, why)

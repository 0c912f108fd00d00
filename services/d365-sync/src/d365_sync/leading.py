"""What the one leader does: dispatch, carry out replays and restores of D365, and add up the ledger."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from case_shared.database.leadership import Lease
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loops import run_loop
from d365_sync.app.check_d365 import CheckD365
from d365_sync.app.ports import Leader
from d365_sync.app.replay_runner import RunReplays
from d365_sync.app.restore_d365 import RestoreD365
from d365_sync.app.wake_ups import WakeUps
from d365_sync.dispatcher import Dispatcher
from d365_sync.metrics import Measure

_REPLAY_SECONDS = 0.25
_LEDGER_SECONDS = 60.0
# How often to see whether a check of D365 is due; a check sends some forty requests, and each may time out.
_CHECK_SECONDS = 30.0
_CHECK_TURN_SECONDS = 3600.0


@dataclass(frozen=True)
class Leading:
    """Runs while this process leads."""

    dispatcher: Dispatcher
    replays: RunReplays
    restore: RestoreD365
    check: CheckD365
    measure: Measure
    heartbeats: Heartbeats
    wake_ups: WakeUps

    async def lead(self, lease: Lease, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set, or until canceled because the lease was lost."""
        leader = Leader(lease.name, lease.token)

        def loop(
            name: str, turn: Callable[[], Awaitable[bool]], seconds: float, **more: Any
        ) -> Coroutine[Any, Any, None]:
            return run_loop(name, turn, every_seconds=seconds, stopping=stopping, heartbeats=self.heartbeats, **more)

        replay, restore = partial(self.replays, leader), partial(self.restore, leader)
        asking = {"turn_seconds": self.dispatcher.turn_seconds}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.dispatcher.lead(lease, stopping))
                group.create_task(loop("replays", replay, _REPLAY_SECONDS, wake_up=self.wake_ups.replays, **asking))
                group.create_task(
                    loop("d365_restores", restore, _REPLAY_SECONDS, wake_up=self.wake_ups.restores, **asking)
                )
                group.create_task(loop("ledger", self.measure.ledger, _LEDGER_SECONDS))
                group.create_task(loop("d365_check", self.check, _CHECK_SECONDS, turn_seconds=_CHECK_TURN_SECONDS))
        finally:
            self.measure.forget_ledger()

"""What the one leader does: dispatch, carry out replays and restores of D365, and add up the ledger."""

import asyncio
from dataclasses import dataclass

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

        async def replay() -> bool:
            return await self.replays(leader)

        async def restore() -> bool:
            return await self.restore(leader)

        steps = (("replays", replay, self.wake_ups.replays), ("d365_restores", restore, self.wake_ups.restores))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.dispatcher.lead(lease, stopping))
                for name, step, wake_up in steps:
                    loop = run_loop(
                        name,
                        step,
                        every_seconds=_REPLAY_SECONDS,
                        stopping=stopping,
                        heartbeats=self.heartbeats,
                        wake_up=wake_up,
                    )
                    group.create_task(loop)
                group.create_task(
                    run_loop(
                        "ledger",
                        self.measure.ledger,
                        every_seconds=_LEDGER_SECONDS,
                        stopping=stopping,
                        heartbeats=self.heartbeats,
                    )
                )
                group.create_task(
                    run_loop(
                        "d365_check",
                        self.check,
                        every_seconds=_CHECK_SECONDS,
                        stopping=stopping,
                        heartbeats=self.heartbeats,
                        turn_seconds=_CHECK_TURN_SECONDS,
                    )
                )
        finally:
            self.measure.forget_ledger()

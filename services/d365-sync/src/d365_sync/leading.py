"""What the one leader does: dispatch, carry out replays, and add the ledger up."""

import asyncio
from dataclasses import dataclass

from case_shared.health import Heartbeats
from case_shared.leadership import Lease
from case_shared.loops import Doorbell, run_loop
from d365_sync.app.ports import Leader
from d365_sync.app.replay_runner import RunReplays
from d365_sync.dispatcher import Dispatcher
from d365_sync.metrics import Measure

_REPLAY_SECONDS = 0.25
_LEDGER_SECONDS = 60.0


@dataclass(frozen=True)
class Leading:
    """Runs while this process leads; `bell` wakes the replays."""

    dispatcher: Dispatcher
    replays: RunReplays
    measure: Measure
    heartbeats: Heartbeats
    bell: Doorbell

    async def lead(self, lease: Lease, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set, or until cancelled because the lease was lost."""
        leader = Leader(lease.name, lease.token)

        async def step() -> bool:
            return await self.replays(leader)

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.dispatcher.lead(lease, stopping))
                group.create_task(
                    run_loop(
                        "replays",
                        step,
                        every_seconds=_REPLAY_SECONDS,
                        stopping=stopping,
                        heartbeats=self.heartbeats,
                        doorbell=self.bell,
                    )
                )
                group.create_task(
                    run_loop(
                        "ledger",
                        self.measure.ledger,
                        every_seconds=_LEDGER_SECONDS,
                        stopping=stopping,
                        heartbeats=self.heartbeats,
                    )
                )
        finally:
            self.measure.forget_ledger()

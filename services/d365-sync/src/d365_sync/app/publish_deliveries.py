"""Publish what dealers can see of each document's way: one event per change, the newest where several passed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from prometheus_client import Counter

from case_shared.clock import Clock
from case_shared.events import Record
from case_shared.fault_points import FaultPoint, reached
from d365_sync.app.ports import Outbox

# Sends all records and returns once each is acknowledged; raises where one is not.
Send = Callable[[Sequence[Record]], Awaitable[None]]
BATCH = 500
_published = Counter("d365_sync_deliveries_published_total", "Delivery events that Kafka acknowledged")


@dataclass(frozen=True)
class PublishDeliveries:
    """Documents are their own outbox: what is sent and not marked is sent again; the greater revision wins there."""

    outbox: Outbox
    send: Send
    clock: Clock

    async def __call__(self) -> bool:
        """Publish one batch; True where there may be more."""
        unpublished = await self.outbox.unpublished(BATCH)
        if not unpublished:
            return False
        now = self.clock.now()
        records = [
            Record.of(item.event, source="d365-sync", time=now, traceparent=item.traceparent) for item in unpublished
        ]
        await self.send(records)
        reached(FaultPoint.DELIVERIES_PUBLISHED)
        await self.outbox.mark_published([item.event for item in unpublished])
        _published.inc(len(records))
        return len(unpublished) == BATCH

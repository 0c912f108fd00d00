"""From Kafka into the document queue: each batch is written in one transaction, then its offsets move."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from case_shared.events import CaseStatusChanged, CaseSubmitted, decode, header
from case_shared.flood import FloodGate
from case_shared.kafka import RawRecord, Subscription
from case_shared.postgres import Pool
from case_shared.records import Batch, read_batch, store_batch, store_read
from case_shared.topics import CASE_STATUS_CHANGED, CASE_SUBMITTED
from d365_sync.postgres.intake import Submitted, take_evidence, take_in

SERVICE = "d365-sync"


def subscriptions(pool: Pool, taken_in: Callable[[], None]) -> list[Subscription]:
    """What d365-sync reads; `taken_in` is called after each batch that is durable."""
    submitted_gate, status_changed_gate = FloodGate(), FloodGate()

    def submitted(records: Sequence[RawRecord]) -> Awaitable[None]:
        # Read at once, while the batch before is being written (`Subscription`).
        return write(asyncio.create_task(read_batch(records, _submitted)))

    async def write(reading: Awaitable[Batch[Submitted]]) -> None:
        if await store_read(pool, f"{SERVICE}.{CASE_SUBMITTED}", await reading, take_in, submitted_gate):
            taken_in()

    async def status_changed(records: Sequence[RawRecord]) -> None:
        group, gate = f"{SERVICE}.{CASE_STATUS_CHANGED}", status_changed_gate
        if await store_batch(pool, group, records, _status_changed, take_evidence, gate):
            taken_in()

    return [
        Subscription(CASE_SUBMITTED, f"{SERVICE}.{CASE_SUBMITTED}", submitted),
        Subscription(CASE_STATUS_CHANGED, f"{SERVICE}.{CASE_STATUS_CHANGED}", status_changed),
    ]


def _submitted(record: RawRecord) -> Submitted:
    event = decode(CaseSubmitted, record.value, record.headers)
    return Submitted(event, header(record.headers, "traceparent"), record.value)


def _status_changed(record: RawRecord) -> CaseStatusChanged:
    return decode(CaseStatusChanged, record.value, record.headers)

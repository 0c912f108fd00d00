"""Read from Kafka into the document queue: write each batch in one transaction, then commit its offsets."""

import asyncio
from collections.abc import Awaitable, Sequence

from case_shared.database.postgres import Pool
from case_shared.kafka.connection import RawRecord, Subscription
from case_shared.kafka.flood import FloodGate
from case_shared.kafka.records import Batch, read_batch, store_batch, store_read
from case_shared.kafka.topics import CASE_STATUS_CHANGED, CASE_SUBMITTED
from case_shared.words.events import CaseStatusChanged, CaseSubmitted, decode, traceparent_of
from d365_sync.app.wake_ups import WakeUps
from d365_sync.postgres.intake import Submitted, take_evidence, take_in

SERVICE = "d365-sync"


def subscriptions(pool: Pool, wake_ups: WakeUps) -> list[Subscription]:
    """What d365-sync reads; what a stored batch concerns is woken."""
    submitted_gate, status_changed_gate = FloodGate(), FloodGate()

    def submitted(records: Sequence[RawRecord]) -> Awaitable[None]:
        # Decode at once, while the batch before is being written (`Subscription`).
        return write(asyncio.create_task(read_batch(records, _submitted)))

    async def write(reading: Awaitable[Batch[Submitted]]) -> None:
        if await store_read(pool, f"{SERVICE}.{CASE_SUBMITTED}", await reading, take_in, submitted_gate):
            wake_ups.documents_came()

    async def status_changed(records: Sequence[RawRecord]) -> None:
        group, gate = f"{SERVICE}.{CASE_STATUS_CHANGED}", status_changed_gate
        if await store_batch(pool, group, records, _status_changed, take_evidence, gate):
            wake_ups.taken_in()

    return [
        Subscription(CASE_SUBMITTED, f"{SERVICE}.{CASE_SUBMITTED}", submitted, name="consume_submissions"),
        Subscription(CASE_STATUS_CHANGED, f"{SERVICE}.{CASE_STATUS_CHANGED}", status_changed, name="consume_statuses"),
    ]


def _submitted(record: RawRecord) -> Submitted:
    event = decode(CaseSubmitted, record.value, record.headers)
    return Submitted(event, traceparent_of(record.headers))


def _status_changed(record: RawRecord) -> CaseStatusChanged:
    return decode(CaseStatusChanged, record.value, record.headers)

"""d365-sync reports that D365 has a case: stores its Case ID, and makes the case due for a read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from case_shared.database.postgres import Connection, Pool
from case_shared.kafka.connection import RawRecord
from case_shared.kafka.flood import FloodGate
from case_shared.kafka.records import store_batch
from case_shared.process.loops import WakeUp
from case_shared.process.telemetry import trace_id_of
from case_shared.words.events import CaseDelivery, SubmissionState, decode, traceparent_of
from status_sync.app.forget_lost import ForgetLost
from status_sync.app.link_delivered import Delivered, LinkDelivered

_LOST = "lost_in_d365"
log = structlog.get_logger(__name__)


class DueReads(Protocol):
    """Where due reads are kept."""

    async def make_cases_due(
        self, connection: Connection, cases: Sequence[Delivered], traces: Mapping[str, str | None]
    ) -> None:
        """Make the cases due now, by the Case IDs that D365 gave them; `traces` by Web Case ID.

        Once in a transaction: two calls take their locks in two orders, and then two transactions wait for each other.
        """


class DeliveredCases(Protocol):
    """What d365-sync has delivered."""

    async def find_delivered(self, connection: Connection, web_case_ids: Sequence[str]) -> Sequence[Delivered]:
        """Return the newest Case ID that d365-sync has for each of these cases, sorted; omits those without one."""


@dataclass(frozen=True)
class NoteDeliveries:
    """Handles a batch of `case.delivery.v1` in one transaction.

    States other than `delivered` say nothing about D365, unless it lost the case.
    """

    pool: Pool
    cases: DeliveredCases
    forget_lost: ForgetLost
    link_delivered: LinkDelivered
    due_reads: DueReads
    group: str
    wake_up: WakeUp
    gate: FloodGate = field(default_factory=FloodGate)

    async def handle(self, records: Sequence[RawRecord]) -> None:
        """Store the Case IDs that d365-sync has; a record only names the case, because anybody may have written it."""
        # By Web Case ID: the trace of the newest record.
        traces: dict[str, str | None] = {}

        def read(record: RawRecord) -> CaseDelivery:
            delivery = decode(CaseDelivery, record.value, record.headers)
            traces[delivery.web_case_id] = traceparent_of(record.headers)
            return delivery

        async def store(connection: Connection, deliveries: Sequence[CaseDelivery]) -> None:
            await self._store(connection, deliveries, traces)

        stored = await store_batch(self.pool, self.group, records, read, store, self.gate)
        if any(_is_delivered(delivery) or _is_lost(delivery) for delivery in stored):
            self.wake_up.wake()

    async def _store(
        self, connection: Connection, deliveries: Sequence[CaseDelivery], traces: Mapping[str, str | None]
    ) -> None:
        all_named = sorted({delivery.web_case_id for delivery in deliveries})
        lost = await self.forget_lost.handle(connection, all_named, traces)
        named = {delivery.web_case_id for delivery in deliveries if _is_delivered(delivery)}
        delivered = await self.cases.find_delivered(connection, sorted(named)) if named else []
        for web_case_id in named - {case.web_case_id for case in delivered}:
            trace_id = trace_id_of(traces.get(web_case_id))
            advice = "d365-sync did not write this record"
            log.error("delivery_not_backed", web_case_id=web_case_id, advice=advice, trace_id=trace_id)
        if delivered:
            await self.link_delivered.handle(connection, delivered, traces)
        if lost or delivered:
            # Even if another row has the Case ID: the read shows whose it is now.
            await self.due_reads.make_cases_due(connection, [*lost, *delivered], traces)


def _is_lost(delivery: CaseDelivery) -> bool:
    """Whether D365 was restored and no longer has the case: a read is due at once."""
    return delivery.cause == _LOST


def _is_delivered(delivery: CaseDelivery) -> bool:
    return delivery.state is SubmissionState.DELIVERED and delivery.case_id is not None

"""d365-sync reports that D365 has a case: stores its Case ID, and makes the case due for a read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import structlog

from case_shared.database.postgres import Connection, Pool
from case_shared.kafka.connection import RawRecord
from case_shared.kafka.flood import FloodGate
from case_shared.kafka.records import store_batch
from case_shared.process.loops import Doorbell
from case_shared.process.telemetry import trace_id_of
from case_shared.words.events import CaseDelivery, SubmissionState, decode, traceparent_of

_LOST = "lost_in_d365"
log = structlog.get_logger(__name__)


class Delivered(NamedTuple):
    """The Case ID that D365 gave to a case of ours; sortable, so that locks are taken in one order."""

    web_case_id: str
    case_id: str


class Linked(NamedTuple):
    """A delivered case as the read model has it now; if `linked` is false, `case_id` is a different one."""

    web_case_id: str
    case_id: str
    linked: bool


class DeliveredCases(Protocol):
    """The part of the read model that a delivery writes."""

    async def find_delivered(self, connection: Connection, web_case_ids: Sequence[str]) -> Sequence[Delivered]:
        """Return the newest Case ID that d365-sync has for each of these cases, sorted; omits those without one."""

    async def lock(self, connection: Connection) -> None:
        """Keep other transactions from writing D365's side of the read model until this one ends."""

    async def remove_born_as(self, connection: Connection, delivered: Sequence[Delivered]) -> None:
        """Remove the rows born in D365 that represent these cases."""

    async def link(self, connection: Connection, delivered: Sequence[Delivered]) -> Sequence[Linked]:
        """Store the Case IDs of cases that have none yet."""


class DueReads(Protocol):
    """Where due reads are kept."""

    async def make_lost_due(self, connection: Connection, web_case_ids: Sequence[str]) -> None:
        """Make the cases due now, by the Case IDs in the read model."""

    async def make_delivered_due(
        self, connection: Connection, delivered: Sequence[Delivered], traces: Mapping[str, str | None]
    ) -> None:
        """Make the cases due now, by the Case IDs that D365 gave them; `traces` by Web Case ID."""


@dataclass(frozen=True)
class NoteDeliveries:
    """Handles a batch of `case.delivery.v1` in one transaction.

    States other than `delivered` say nothing about D365, unless it lost a case.
    """

    pool: Pool
    cases: DeliveredCases
    due_reads: DueReads
    group: str
    doorbell: Doorbell
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
            self.doorbell.ring()

    async def _store(
        self, connection: Connection, deliveries: Sequence[CaseDelivery], traces: Mapping[str, str | None]
    ) -> None:
        lost = sorted({delivery.web_case_id for delivery in deliveries if _is_lost(delivery)})
        if lost:
            await self.due_reads.make_lost_due(connection, lost)
        named = {delivery.web_case_id for delivery in deliveries if _is_delivered(delivery)}
        delivered = await self.cases.find_delivered(connection, sorted(named)) if named else []
        for web_case_id in named - {case.web_case_id for case in delivered}:
            trace_id = trace_id_of(traces.get(web_case_id))
            advice = "d365-sync did not write this record"
            log.error("delivery_not_backed", web_case_id=web_case_id, advice=advice, trace_id=trace_id)
        if not delivered:
            return
        await self.cases.lock(connection)
        await self.cases.remove_born_as(connection, delivered)
        for case in await self.cases.link(connection, delivered):
            if not case.linked:
                ids = {"web_case_id": case.web_case_id, "case_id": case.case_id}
                log.error("delivered_with_another_case_id", **ids, trace_id=trace_id_of(traces.get(case.web_case_id)))
        # Even if another row has the Case ID: the read shows whose it is now.
        await self.due_reads.make_delivered_due(connection, delivered, traces)


def _is_lost(delivery: CaseDelivery) -> bool:
    """Whether D365 was restored and no longer has the case: a read shows what has its Case ID now."""
    return delivery.cause == _LOST


def _is_delivered(delivery: CaseDelivery) -> bool:
    return delivery.state is SubmissionState.DELIVERED and delivery.case_id is not None

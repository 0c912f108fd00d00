"""d365-sync tells that D365 has a case: its Case ID is written down, and the case is due for a read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import structlog

from case_shared.events import CaseDelivery, SubmissionState, decode
from case_shared.flood import FloodGate
from case_shared.kafka import RawRecord
from case_shared.loops import Doorbell
from case_shared.postgres import Connection, Pool
from case_shared.records import store_batch

log = structlog.get_logger(__name__)


class Delivered(NamedTuple):
    """The Case ID that D365 gave to a case of ours; they sort, so that locks are taken in one order."""

    web_case_id: str
    case_id: str


class Linked(NamedTuple):
    """A delivered case as the read model has it now; `case_id` is another where `linked` is false."""

    web_case_id: str
    case_id: str
    linked: bool


class DeliveredCases(Protocol):
    """The read model, as far as a delivery writes into it."""

    async def lock(self, connection: Connection) -> None:
        """Let no other transaction write D365's side of the read model until this one ends."""

    async def remove_born_as(self, connection: Connection, delivered: Sequence[Delivered]) -> None:
        """Remove rows born in D365 that stand for these cases."""

    async def link(self, connection: Connection, delivered: Sequence[Delivered]) -> Sequence[Linked]:
        """Write the Case IDs of cases that have none yet."""


class DueReads(Protocol):
    """Where due reads are kept."""

    async def ring_cases(self, connection: Connection, web_case_ids: Sequence[str]) -> None:
        """Make the cases due now, by their Case IDs."""


@dataclass(frozen=True)
class NoteDeliveries:
    """Handles a batch of `case.delivery.v1` in one transaction. States but `delivered` say nothing about D365."""

    pool: Pool
    cases: DeliveredCases
    due_reads: DueReads
    group: str
    doorbell: Doorbell
    gate: FloodGate = field(default_factory=FloodGate)

    async def handle(self, records: Sequence[RawRecord]) -> None:
        """Write the Case IDs down (DESIGN section 12: the one exception to "an event is a doorbell")."""
        stored = await store_batch(self.pool, self.group, records, _read, self._store, self.gate)
        if any(_delivered(delivery) for delivery in stored):
            self.doorbell.ring()

    async def _store(self, connection: Connection, deliveries: Sequence[CaseDelivery]) -> None:
        delivered = sorted({found for delivery in deliveries if (found := _delivered(delivery))})
        if not delivered:
            return
        await self.cases.lock(connection)
        await self.cases.remove_born_as(connection, delivered)
        for case in await self.cases.link(connection, delivered):
            if not case.linked:
                log.error("delivered_with_another_case_id", web_case_id=case.web_case_id, case_id=case.case_id)
        await self.due_reads.ring_cases(connection, [case.web_case_id for case in delivered])


def _read(record: RawRecord) -> CaseDelivery:
    return decode(CaseDelivery, record.value, record.headers)


def _delivered(delivery: CaseDelivery) -> Delivered | None:
    if delivery.state is not SubmissionState.DELIVERED or delivery.case_id is None:
        return None
    return Delivered(delivery.web_case_id, delivery.case_id)

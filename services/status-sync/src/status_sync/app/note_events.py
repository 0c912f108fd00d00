"""A business event of D365 came: the case that it names is due for a read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from prometheus_client import Counter

from case_shared.flood import FloodGate
from case_shared.kafka import RawRecord
from case_shared.loops import Doorbell
from case_shared.postgres import Connection, Pool
from case_shared.records import store_batch
from status_sync.domain.due_reads import CaseKey
from status_sync.domain.recognition import Recognised, Recognition

_events = Counter("casebridge_d365_events_total", "D365's business events by what came of them", ["outcome"])


class DueReads(Protocol):
    """Where due reads are kept."""

    async def ring(self, connection: Connection, keys: Sequence[CaseKey]) -> None:
        """Make `keys` (sorted, each once) due now."""


@dataclass(frozen=True)
class NoteEvents:
    """Handles a batch of the inbound topic in one transaction."""

    pool: Pool
    due_reads: DueReads
    recognition: Recognition
    group: str
    doorbell: Doorbell
    gate: FloodGate = field(default_factory=FloodGate)

    async def handle(self, records: Sequence[RawRecord]) -> None:
        """Store what the batch rings for; what is no event of D365 is kept as unreadable."""
        stored = await store_batch(self.pool, self.group, records, self._read, self._store, self.gate)
        for event in stored:
            _events.labels(_outcome(event)).inc()
        _events.labels("unreadable").inc(len(records) - len(stored))
        if any(event.case for event in stored):
            self.doorbell.ring()

    def _read(self, record: RawRecord) -> Recognised:
        return self.recognition.read(record.value)

    async def _store(self, connection: Connection, events: Sequence[Recognised]) -> None:
        keys = sorted({event.case for event in events if event.case})
        if keys:
            await self.due_reads.ring(connection, keys)


def _outcome(event: Recognised) -> str:
    if event.case is None:
        return "names_no_case"
    return "due" if event.expected else "due_by_other_event"

"""Business events of D365 arrive: the cases that they name become due for a read, if they can be ours."""

from collections import Counter as Tally
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple, Protocol

import structlog
from prometheus_client import Counter

from case_shared.d365.texts import parse_json
from case_shared.database.postgres import Connection, Pool
from case_shared.kafka.connection import RawRecord
from case_shared.kafka.flood import FloodGate
from case_shared.kafka.record_batches import DecodedRecord, UndecodableRecord
from case_shared.kafka.records import store_batch
from case_shared.process.clock import Clock
from case_shared.process.loops import WakeUp
from case_shared.words.events import traceparent_of
from status_sync.app.receive_events import MAX_EVENTS
from status_sync.domain.due_reads import CaseKey
from status_sync.domain.event_notes import Note, Outcome, Standing, Strangers, judge, keys_of, note_of
from status_sync.domain.recognition import Recognition, Recognized

log = structlog.get_logger(__name__)
_events = Counter("casebridge_d365_events_total", "D365's business events by result", ["outcome"])
_REMEDIES = {
    Outcome.UNUSABLE: "D365 cannot be queried for the key of this case",
    Outcome.OTHER_ENVIRONMENT: (
        "they come from a D365 environment other than D365_URL: delete the endpoint there (Business events catalog), "
        "or set D365_URL to that environment if it is the right one"
    ),
    Outcome.FOREIGN: (
        "they name cases of another Casebridge: an endpoint in another D365 environment leads here, or this "
        "environment was refreshed from another one (docs/runbooks/d365-refreshed.md)"
    ),
}


class DueReads(Protocol):
    """Where due reads are kept."""

    async def make_due(
        self, connection: Connection, keys: Sequence[CaseKey], traces: Mapping[CaseKey, str | None]
    ) -> None:
        """Make `keys` (sorted, each once) due now; `traces`: of what makes them due."""


class EventNotes(Protocol):
    """What is known of the cases that events name, and what became of events."""

    async def standings(self, connection: Connection, events: Sequence[Recognized]) -> Sequence[Standing]:
        """Return what is known about the case of each event, in their order."""

    async def note(self, connection: Connection, notes: Sequence[tuple[Note, int]]) -> None:
        """Count these notes (sorted, each once), and store that they came now."""


@dataclass(frozen=True, slots=True, eq=False)
class _Part(DecodedRecord):
    """One of several events in a record; the whole record is kept if this event cannot be read."""

    event: Any

    @classmethod
    def of(cls, record: RawRecord, event: Any) -> "_Part":
        """Make the part of `record` that has `event`."""
        return cls(**{field.name: getattr(record, field.name) for field in fields(DecodedRecord)}, event=event)


class _Judged(NamedTuple):
    """What becomes of an event, what it makes due, and what is noted of it."""

    outcome: Outcome
    keys: set[CaseKey]
    note: Note | None


@dataclass(slots=True)
class _Batch:
    """What is known of its events, by their identity: it may be stored in several tries, and each is judged once."""

    judged: dict[int, _Judged] = field(default_factory=dict)
    traces: dict[int, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class NoteEvents:
    """Handles a batch of the inbound topic in one transaction.

    Events that cannot concern a dealer cost D365 no request: those of legal entities without a registered dealer, of
    cases of another Casebridge, of other environments. Only a limited number of cases that nobody knows here is read
    per minute (`strangers`); the poll brings the rest.
    """

    pool: Pool
    due_reads: DueReads
    notes: EventNotes
    recognition: Recognition
    group: str
    wake_up: WakeUp
    clock: Clock
    gate: FloodGate = field(default_factory=FloodGate)
    strangers: Strangers = field(default_factory=Strangers)

    async def handle(self, records: Sequence[RawRecord]) -> None:
        """Make due what the batch names; keep what is not an event of D365 as unreadable."""
        parts = [part for record in records for part in _parts(record)]
        batch = _Batch()
        judged = batch.judged

        def read(record: RawRecord) -> Recognized:
            event = self._read(record)
            batch.traces[id(event)] = traceparent_of(record.headers)
            return event

        async def store(connection: Connection, events: Sequence[Recognized]) -> None:
            await self._store(connection, events, batch)

        stored = await store_batch(self.pool, self.group, parts, read, store, self.gate)
        for event in stored:
            _events.labels(judged[id(event)].outcome).inc()
        _events.labels("unreadable").inc(len(parts) - len(stored))
        self._warn([(event, judged[id(event)].outcome) for event in stored])
        if any(judged[id(event)].keys for event in stored):
            self.wake_up.wake()

    def _read(self, record: RawRecord) -> Recognized:
        if isinstance(record, _Part):
            return self.recognition.recognize(record.event)
        return self.recognition.read(record.value)

    async def _store(self, connection: Connection, events: Sequence[Recognized], batch: _Batch) -> None:
        judged = batch.judged
        new = [event for event in events if id(event) not in judged]
        standings = await self.notes.standings(connection, new) if new else []
        for event, standing in zip(new, standings, strict=True):
            outcome = judge(event, standing, self.strangers, self.clock.monotonic())
            keys = keys_of(event, standing) if outcome.makes_due else set()
            judged[id(event)] = _Judged(outcome, keys, note_of(event, standing, outcome))
        due = {key: batch.traces[id(event)] for event in events for key in judged[id(event)].keys}
        if due:
            await self.due_reads.make_due(connection, sorted(due), due)
        notes = Tally(note for event in events if (note := judged[id(event)].note))
        if notes:
            await self.notes.note(connection, sorted(notes.items()))

    def _warn(self, events: Sequence[tuple[Recognized, Outcome]]) -> None:
        """Log what an operator can act on; the metric counts the rest."""
        for outcome, why in _REMEDIES.items():
            found = [event for event, came_to in events if came_to is outcome]
            if found:
                one = found[0]
                log.warning(
                    "events_ignored",
                    events=len(found),
                    outcome=outcome,
                    why=why,
                    environment=one.environment,
                    legal_entity=one.legal_entity,
                )


def _parts(record: RawRecord) -> Iterator[RawRecord]:
    """Yield the record, or each event of the array in it: Event Grid may send an event hub several in one record."""
    events = None if isinstance(record, UndecodableRecord) else _array(record.value or b"")
    if not events:
        yield record
    elif len(events) > MAX_EVENTS:
        yield _unreadable(record, f"the record has {len(events)} events, but at most {MAX_EVENTS} are allowed")
    else:
        yield from (_Part.of(record, event) for event in events)


def _unreadable(record: RawRecord, cause: str) -> UndecodableRecord:
    given = {one.name: getattr(record, one.name) for one in fields(DecodedRecord)}
    return UndecodableRecord(**given, last_offset=record.offset, cause=cause)


def _array(value: bytes) -> list[Any] | None:
    if not value.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return None
    try:
        events = parse_json(value)
    except ValueError:
        return None  # reading it as a whole will find it unreadable, with the cause
    return events if isinstance(events, list) else None

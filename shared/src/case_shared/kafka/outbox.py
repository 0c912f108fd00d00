"""The outbox publisher: sends to Kafka, in order, what a service has stored for it, and notes what Kafka has.

It is one leader's work, and keeps no transaction open while it publishes. A record that it sent but could not note,
because it died in between, is sent again. The order is kept for each key: a record is sent only once Kafka has the
previous one.

Kafka refuses some records for good (one that is too large, say). Such a record is set aside: it raises an alarm and is
tried again after a delay that doubles up to an hour, while records of other keys go on. Those of its own key wait
behind it: nobody who reads them in order may get the second without the first. ADR 0029.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import asyncpg
import structlog
from prometheus_client import Counter, Gauge

from case_shared.database.leadership import Lease
from case_shared.database.postgres import Pool, SqlFile
from case_shared.kafka.connection import KafkaSettings, create_producer
from case_shared.kafka.producing import Sender, is_refusal
from case_shared.kafka.topics import topic_name
from case_shared.kafka.traced import sending
from case_shared.process.fault_points import FaultPoint, reached
from case_shared.words.errors import CasebridgeError
from case_shared.words.events import Record

log = structlog.get_logger(__name__)
# The name in versions before 0.2.0: under another, an old and a new replica would both lead during an upgrade.
LEASE_NAME = "relay"
# Well below the megabyte that brokers take by default.
_BATCH_BYTES = 256 * 1024
_LONGEST_REFUSAL = 1000
_published = Counter("casebridge_outbox_published_total", "Records that Kafka has acknowledged", ["topic"])
_refused = Counter(
    "casebridge_outbox_refused_total", "Number of times that Kafka refused a record because of its data", ["topic"]
)
_depth = Gauge("casebridge_outbox_records", "Records waiting to be sent", ["topic"])
_age = Gauge("casebridge_outbox_oldest_age_seconds", "How long the oldest record has waited", ["topic"])
_set_aside = Gauge("casebridge_outbox_refused_records", "Records set aside because Kafka refuses them", ["topic"])
_reachable = Gauge("casebridge_outbox_kafka_reachable", "1 if the last contact with Kafka succeeded", ["topic"])


class UnsendableRecord(CasebridgeError):
    """The stored row does not make a record; `str(error)` says why."""


def stored_record(row: asyncpg.Record) -> Record:
    """Return the record that a row contains ready-made."""
    headers = [(name, value.encode()) for name, value in row["headers"].items()]
    return Record(row["topic"], row["key"], row["value"], headers)


@dataclass(frozen=True, slots=True)
class Outbox:
    """One service's outbox: its SQL statements, and how a row becomes a record.

    `read` ($1 rows at most) returns the oldest first, and none of a key that has a record set aside for now; each row
    has `key`, `since` (it waits) and the columns that `id_columns` names. `mark_sent` takes an array for each of these
    columns, `set_aside` a value for each and then the refusal. `measure` returns depth, age_seconds and refused.
    """

    topic: str
    published: FaultPoint
    read: SqlFile
    mark_sent: SqlFile
    set_aside: SqlFile
    measure: SqlFile
    id_columns: tuple[str, ...] = ("id",)
    record_of: Callable[[asyncpg.Record], Record] = stored_record


class Waiting(NamedTuple):
    """A record that waits to be sent; `id` has a value for each column of the outbox's ID."""

    id: tuple[object, ...]
    key: bytes
    record: Record
    since: datetime


class Sends(Protocol):
    """Sends records; `Sender` implements it."""

    @property
    def reaches_kafka(self) -> bool: ...
    async def send_each(self, records: Sequence[Record]) -> Sequence[BaseException | None]: ...
    async def close(self) -> None: ...


def sender_for(settings: KafkaSettings, service: str) -> Sender:
    """Return the sender for the outbox publisher of `service`."""
    return Sender(
        lambda: create_producer(settings, client_id=f"{service}-outbox", batch_bytes=_BATCH_BYTES),
        lambda name: topic_name(settings, name),
    )


@dataclass(frozen=True)
class OutboxPublisher:
    """Publishes `outbox` while this process leads."""

    pool: Pool
    outbox: Outbox
    sender: Sends
    batch_size: int = 1000

    async def turn(self, lease: Lease) -> bool:
        """Publish one batch; True if more may wait. Raises: `LeaseLost`, and what Kafka or the database raise."""
        rows = await self.pool.fetch(self.outbox.read.text, self.batch_size)
        if not rows:
            return False
        try:
            await self._publish(rows, lease)
        except BaseException:
            # What is still in the producer must not be sent while another process leads.
            await self.sender.close()
            raise
        return len(rows) == self.batch_size

    async def measure(self) -> bool:
        """Refresh the metrics; returns False, since the turn leaves nothing to do."""
        row = await self.pool.fetchrow(self.outbox.measure.text)
        assert row is not None, "counts have one row"
        for gauge, name in ((_depth, "depth"), (_age, "age_seconds"), (_set_aside, "refused")):
            gauge.labels(self.outbox.topic).set(row[name])
        _reachable.labels(self.outbox.topic).set(self.sender.reaches_kafka)
        return False

    async def _publish(self, rows: Sequence[asyncpg.Record], lease: Lease) -> None:
        blocked: set[bytes] = set()
        waiting = []
        for row in rows:
            one = tuple(row[column] for column in self.outbox.id_columns)
            try:
                waiting.append(Waiting(one, row["key"], self.outbox.record_of(row), row["since"]))
            except UnsendableRecord as error:
                await self._set_aside(one, row["key"], str(error))
                blocked.add(row["key"])
        for wave in one_of_each_key(waiting):
            await self._publish_wave([one for one in wave if one.key not in blocked], lease, blocked)

    async def _publish_wave(self, wave: Sequence[Waiting], lease: Lease, blocked: set[bytes]) -> None:
        """Publish records of different keys; add the keys of those set aside to `blocked`."""
        failed = [one for one, error in await self._send(wave, lease) if error is not None]
        # Kafka refuses a batch as a whole, so send each record alone: only the one to blame is set aside.
        for one in failed:
            for _, error in await self._send([one], lease):
                if error is not None:
                    await self._set_aside(one.id, one.key, repr(error))
                    blocked.add(one.key)

    async def _send(self, waiting: Sequence[Waiting], lease: Lease) -> Sequence[tuple[Waiting, BaseException | None]]:
        """Send, and note what Kafka has; return each record with its refusal. Raises on any other failure."""
        if not waiting:
            return []
        lease.check()
        with sending(self.outbox.topic, waiting) as records:
            results = await self.sender.send_each(records)
        sent = [one.id for one, error in zip(waiting, results, strict=True) if error is None]
        if sent:
            reached(self.outbox.published)
            await self.pool.execute(self.outbox.mark_sent.text, *zip(*sent, strict=True))
            _published.labels(self.outbox.topic).inc(len(sent))
        # After a refused batch those of its partition fail, too, because the producer's sequence has a gap.
        if not any(error is not None and is_refusal(error) for error in results):
            for error in results:
                if error is not None:
                    raise error
        return list(zip(waiting, results, strict=True))

    async def _set_aside(self, number: tuple[object, ...], key: bytes, refusal: str) -> None:
        topic = self.outbox.topic
        _refused.labels(topic).inc()
        log.error("record_refused", topic=topic, key=key.decode(errors="replace"), outbox_id=number, error=refusal)
        await self.pool.execute(self.outbox.set_aside.text, *number, refusal[:_LONGEST_REFUSAL])


def one_of_each_key(waiting: Sequence[Waiting]) -> Iterator[list[Waiting]]:
    """Yield the first of each key, then the second of each key, and so on."""
    nth: dict[bytes, int] = {}
    waves: list[list[Waiting]] = []
    for one in waiting:
        place = nth[one.key] = nth.get(one.key, -1) + 1
        if place == len(waves):
            waves.append([])
        waves[place].append(one)
    yield from waves

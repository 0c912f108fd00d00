"""The relay: publishes the outbox to Kafka, in order, and deletes what Kafka has acknowledged.

It holds no transaction while it publishes. What dies between the acknowledgement and the deletion is sent once more,
and subscribers know it by its submission. A record that Kafka refuses for its data is set aside; all else that fails
keeps its rows, and is tried again with a new producer (an idempotent one may not go on after a failed batch).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    CorruptRecordException,
    InvalidMessageError,
    InvalidTimestampError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
)
from prometheus_client import Counter, Gauge

from case_api.postgres.outbox import Outbox, Waiting
from case_shared.fault_points import FaultPoint, reached
from case_shared.leadership import Lease
from case_shared.producing import let_go, started

log = structlog.get_logger(__name__)
# What is wrong with the record itself; the broker gives the same answer again.
_REFUSALS = (
    CorruptRecordException,
    InvalidMessageError,
    InvalidTimestampError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
)
_published = Counter("casebridge_outbox_published_total", "Records that Kafka has acknowledged")
_refused = Counter("casebridge_outbox_refused_total", "Times that Kafka refused a record for its data")
_depth = Gauge("casebridge_outbox_records", "Records that wait to be sent")
_age = Gauge("casebridge_outbox_oldest_age_seconds", "For how long the oldest record waits")
_set_aside = Gauge("casebridge_outbox_refused_records", "Records set aside because Kafka refuses them")
_reachable = Gauge("casebridge_relay_kafka_reachable", "1 where the relay's last contact with Kafka was fine")


@dataclass
class Relay:
    """Publishes while this process leads; `producer_of` makes a producer, `topic_of` gives a topic's full name.

    An idempotent producer waits for Kafka without end, so `send_seconds` bounds that.
    """

    outbox: Outbox
    producer_of: Callable[[], AIOKafkaProducer]
    topic_of: Callable[[str], str]
    batch_size: int
    send_seconds: float = 20.0
    healthy: bool = True
    _producer: AIOKafkaProducer | None = field(default=None)

    async def turn(self, lease: Lease) -> bool:
        """Publish one batch; True where there may be more. Raises `LeaseLost`, and what Kafka or the database raise."""
        waiting = await self.outbox.read(self.batch_size)
        if not waiting:
            return False
        try:
            await self._publish(waiting, lease)
        except (KafkaError, OSError, TimeoutError):
            self._tell(healthy=False)
            await self.close()
            raise
        self._tell(healthy=True)
        return len(waiting) == self.batch_size

    async def measure(self) -> bool:
        """Refresh the metrics; returns False, as a loop's turn that is done."""
        depth, age_seconds, refused = await self.outbox.measure()
        _depth.set(depth)
        _age.set(age_seconds)
        _set_aside.set(refused)
        return False

    async def close(self) -> None:
        """Let the producer go; the next turn makes a new one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await let_go(producer)

    async def _publish(self, waiting: Sequence[Waiting], lease: Lease) -> None:
        producer = await self._ready()
        lease.check()
        results = await self._send(producer, waiting)
        sent = [record.id for record, error in zip(waiting, results, strict=True) if error is None]
        if sent:
            reached(FaultPoint.OUTBOX_PUBLISHED)
            await self.outbox.delete(sent)
            _published.inc(len(sent))
        failed = [(record, error) for record, error in zip(waiting, results, strict=True) if error is not None]
        for _, error in failed:
            if not isinstance(error, _REFUSALS):
                raise error
        for record, _ in failed:
            await self._send_alone(record, lease)

    async def _send(self, producer: AIOKafkaProducer, records: Sequence[Waiting]) -> list[BaseException | None]:
        """Send all, in order, without waiting one by one; returns for each what went wrong, or None."""
        results: list[BaseException | None] = [None] * len(records)
        under_way: list[tuple[int, asyncio.Future[object]]] = []
        async with asyncio.timeout(self.send_seconds):
            for place, record in enumerate(records):
                try:
                    under_way.append((place, await self._begin(producer, record)))
                except _REFUSALS as error:
                    results[place] = error
            answers = await asyncio.gather(*(future for _, future in under_way), return_exceptions=True)
        for (place, _), answer in zip(under_way, answers, strict=True):
            results[place] = answer if isinstance(answer, BaseException) else None
        return results

    async def _begin(self, producer: AIOKafkaProducer, record: Waiting) -> asyncio.Future[object]:
        sent: asyncio.Future[object] = await producer.send(
            self.topic_of(record.topic), record.value, record.web_case_id.encode(), headers=record.headers
        )
        return sent

    async def _send_alone(self, record: Waiting, lease: Lease) -> None:
        """Send a record that was refused among others, so that just the one to blame is set aside."""
        await self.close()
        producer = await self._ready()
        lease.check()
        (error,) = await self._send(producer, [record])
        if error is None:
            await self.outbox.delete([record.id])
            _published.inc()
        elif isinstance(error, _REFUSALS):
            _refused.inc()
            log.error("record_refused", web_case_id=record.web_case_id, outbox_id=record.id, error=repr(error))
            await self.outbox.keep_refused(record.id, repr(error)[:1000])
            await self.close()
        else:
            raise error

    async def _ready(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._producer = await started(self.producer_of())
        return self._producer

    def _tell(self, *, healthy: bool) -> None:
        self.healthy = healthy
        _reachable.set(healthy)

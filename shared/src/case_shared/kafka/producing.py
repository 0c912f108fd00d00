"""Sending to Kafka: a producer that is made when it is needed, and let go whatever state Kafka is in."""

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

from case_shared.process.private import give_up_records, sender_of
from case_shared.words.events import Record

log = structlog.get_logger(__name__)
_STOP_SECONDS = 2.0
# Cancelled once, aiokafka's sender waits for the answers that it has asked for; a Kafka that is frozen gives none. Were
# it left to `stop` to cancel it again, that cancellation would come out of there, and end whoever waits for it.
_CANCELS = 2
# What is wrong with the record itself; the broker gives the same answer again.
_REFUSALS = (
    CorruptRecordException,
    InvalidMessageError,
    InvalidTimestampError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
)


def is_refusal(error: BaseException) -> bool:
    """Whether Kafka refuses a record for its data, so that it gives the same answer again."""
    return isinstance(error, _REFUSALS)


@dataclass
class Sender:
    """Sends in order; the producer is made when it is needed, and made anew after a failure.

    An idempotent producer may not go on after a failed batch: its sequence would have a hole. It would also wait for
    Kafka without end, so `send_seconds` bounds that. `topic_of` gives a topic's full name.
    """

    create_producer: Callable[[], AIOKafkaProducer]
    topic_of: Callable[[str], str] = str
    send_seconds: float = 20.0
    reaches_kafka: bool = True
    _producer: AIOKafkaProducer | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, records: Sequence[Record]) -> None:
        """Send all, and return once Kafka has all. Raises `KafkaError`, `OSError`: then nobody knows which it has."""
        for error in await self.send_each(records):
            if error is not None:
                raise error

    async def send_each(self, records: Sequence[Record]) -> list[BaseException | None]:
        """Send all without waiting one by one; returns for each what went wrong, or None once Kafka has it.

        Raises `KafkaError`, `OSError` where nobody knows which of them Kafka has.
        """
        producer: AIOKafkaProducer | None = None
        try:
            producer = await self._ready()
            async with asyncio.timeout(self.send_seconds):
                results = await self._results(producer, records)
        except (KafkaError, OSError):
            self.reaches_kafka = False
            await self._drop(producer)
            raise
        failures = [error for error in results if error is not None]
        self.reaches_kafka = all(map(is_refusal, failures))
        if failures:
            await self._drop(producer)
        return results

    async def close(self) -> None:
        """Let the producer go; the next call makes another. What it still holds is not sent any more."""
        await self._drop(self._producer)

    async def _results(self, producer: AIOKafkaProducer, records: Sequence[Record]) -> list[BaseException | None]:
        results: list[BaseException | None] = [None] * len(records)
        under_way: list[tuple[int, asyncio.Future[object]]] = []
        for place, record in enumerate(records):
            topic = self.topic_of(record.topic)
            try:
                sent = await producer.send(topic, record.value, record.key, headers=record.headers)
            except _REFUSALS as error:
                results[place] = error
            else:
                under_way.append((place, sent))
        answers = await asyncio.gather(*(future for _, future in under_way), return_exceptions=True)
        for (place, _), answer in zip(under_way, answers, strict=True):
            results[place] = answer if isinstance(answer, BaseException) else None
        return results

    async def _ready(self) -> AIOKafkaProducer:
        async with self._lock:
            if self._producer is None:
                self._producer = await started(self.create_producer())
            return self._producer

    async def _drop(self, producer: AIOKafkaProducer | None) -> None:
        if producer is None:
            return
        # Another call may have made a new one by now.
        if self._producer is producer:
            self._producer = None
        await let_go(producer)


async def started(producer: AIOKafkaProducer) -> AIOKafkaProducer:
    """Start `producer` and return it; one that does not start leaves nothing behind. Raises what its start raises."""
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


async def let_go(producer: AIOKafkaProducer) -> None:
    """Stop `producer`, in a few seconds; what it still holds is given up, for its owner sends that again by another.

    aiokafka's stop waits for all that is not acknowledged, without end while Kafka is away. Where it is cancelled in
    that wait it leaves tasks, connections and records behind, which go out when nobody expects them any more. So its
    sender is ended first, and nothing is left to wait for.
    """
    sender = sender_of(producer)
    for _ in range(_CANCELS):
        if sender is not None and not sender.done():
            sender.cancel()
            await asyncio.wait({sender}, timeout=_STOP_SECONDS / _CANCELS)
    give_up_records(producer)
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await producer.stop()
    except (KafkaError, OSError) as error:
        log.info("producer_not_stopped_cleanly", error=repr(error))

"""Sending to Kafka: a producer that is created on demand, and dropped whatever state Kafka is in."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    CorruptRecordException,
    InvalidMessageError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
)

from case_shared.process.private import close_connections, give_up_records, sender_of
from case_shared.words.events import Record

log = structlog.get_logger(__name__)
_STOP_SECONDS = 2.0
# Canceled once, aiokafka's sender waits for the answers to its requests; a frozen Kafka gives none. If `stop` had to
# cancel it again, that cancellation would escape from `stop` and end its caller.
_CANCELS = 2
# The record itself is wrong; the broker would answer the same again. Not an invalid timestamp: that is our clock, or
# the broker's.
_REFUSALS = (
    CorruptRecordException,
    InvalidMessageError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
)


def is_refusal(error: BaseException) -> bool:
    """Whether Kafka refuses a record for its data, so that it would answer the same again."""
    return isinstance(error, _REFUSALS)


@dataclass
class Sender:
    """Sends in order; creates the producer on demand, and a new one after a failure.

    An idempotent producer cannot go on after a failed batch: its sequence would have a gap. It would also wait for
    Kafka forever, so `send_seconds` bounds that. `topic_of` returns a topic's full name.
    """

    create_producer: Callable[[], AIOKafkaProducer]
    topic_of: Callable[[str], str] = str
    send_seconds: float = 20.0
    reaches_kafka: bool = True
    _producer: AIOKafkaProducer | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _dropping: set[asyncio.Task[None]] = field(default_factory=set)

    async def send(self, records: Sequence[Record]) -> None:
        """Send all, and return once Kafka has them. Raises: `KafkaError`, `OSError`; then nobody knows which it has."""
        for error in await self.send_each(records):
            if error is not None:
                raise error

    async def send_each(self, records: Sequence[Record]) -> list[BaseException | None]:
        """Send all at once; return for each record what went wrong, or None once Kafka has it.

        What Kafka has not acknowledged in time gets a `TimeoutError`: it must be sent again, and the others need not.
        Raises: `KafkaError`, `OSError` if nobody knows which of them Kafka has.
        """
        producer: AIOKafkaProducer | None = None
        until = asyncio.get_running_loop().time() + self.send_seconds
        try:
            async with asyncio.timeout_at(until):
                producer = await self._ready()
            results = await self._results(producer, records, until)
        except (KafkaError, OSError):
            self.reaches_kafka = False
            await self._drop(producer)
            raise
        except BaseException:
            # Our caller's time is over. The producer may hang: nobody uses it again, and nobody waits for its end.
            self._drop_later(producer)
            raise
        failures = [error for error in results if error is not None]
        self.reaches_kafka = all(map(is_refusal, failures))
        if failures:
            await self._drop(producer)
        return results

    async def close(self) -> None:
        """Drop the producer; the next call creates another. What it has not sent yet is not sent."""
        await asyncio.gather(self._drop(self._producer), *self._dropping)

    async def _results(
        self, producer: AIOKafkaProducer, records: Sequence[Record], until: float
    ) -> list[BaseException | None]:
        late = TimeoutError(f"Kafka did not acknowledge it within {self.send_seconds} s")
        results: list[BaseException | None] = [late] * len(records)
        under_way: dict[int, asyncio.Future[object]] = {}
        try:
            async with asyncio.timeout_at(until):
                for place, record in enumerate(records):
                    topic = self.topic_of(record.topic)
                    try:
                        under_way[place] = await producer.send(topic, record.value, record.key, headers=record.headers)
                    except _REFUSALS as error:
                        results[place] = error
                if under_way:
                    await asyncio.wait(under_way.values())
        except TimeoutError:
            answered = sum(future.done() for future in under_way.values())
            log.warning("kafka_slow", records=len(records), answered=answered)
        finally:
            for future in under_way.values():
                future.cancel()
        for place, future in under_way.items():
            if not future.cancelled():
                results[place] = future.exception()
        return results

    async def _ready(self) -> AIOKafkaProducer:
        async with self._lock:
            if self._producer is None:
                self._producer = await started(self.create_producer())
            return self._producer

    async def _drop(self, producer: AIOKafkaProducer | None) -> None:
        if producer is not None:
            self._forget(producer)
            await let_go(producer)

    def _drop_later(self, producer: AIOKafkaProducer | None) -> None:
        if producer is not None:
            self._forget(producer)
            dropping = asyncio.create_task(let_go(producer))
            self._dropping.add(dropping)
            dropping.add_done_callback(self._dropping.discard)

    def _forget(self, producer: AIOKafkaProducer) -> None:
        # Another call may have created a new one by now.
        if self._producer is producer:
            self._producer = None


async def started(producer: AIOKafkaProducer) -> AIOKafkaProducer:
    """Start `producer` and return it; if that fails, clean up. Raises: `KafkaError`, `OSError`."""
    try:
        await producer.start()
    except RuntimeError as error:  # uvloop: the connection was just closed
        await let_go(producer)
        raise KafkaConnectionError(repr(error)) from error
    except BaseException:
        await let_go(producer)
        raise
    return producer


async def let_go(producer: AIOKafkaProducer) -> None:
    """Stop `producer` within a few seconds, and give up its unsent records: their owner sends them with another one.

    aiokafka's stop waits for every acknowledgment, forever while Kafka is away. Canceled during that wait, it leaves
    tasks, connections and records behind, and sends the records when nobody expects it. So we end its sender first, and
    leave `stop` nothing to wait for.
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
    except Exception as error:  # noqa: BLE001 - an error that ended a task of aiokafka is raised again here
        log.info("producer_not_stopped_cleanly", error=repr(error))
        await close_connections(producer)

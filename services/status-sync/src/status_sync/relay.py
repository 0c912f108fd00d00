"""The relay: publishes the outbox to Kafka, in order, and deletes what Kafka has acknowledged."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from prometheus_client import Counter

from case_shared.events import Headers
from case_shared.fault_points import FaultPoint, reached
from case_shared.leadership import Lease
from case_shared.producing import let_go, started
from status_sync.postgres.outbox import OutboxStore

_published = Counter("casebridge_status_changes_published_total", "Events of ours that Kafka has acknowledged")


class Message(NamedTuple):
    """What is sent; `topic` is the full name."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers


@dataclass
class Publisher:
    """A producer that is made when it is needed, and made anew after a failure.

    An idempotent producer may not go on after a failed batch: its sequence would have a hole. It would also wait for
    Kafka without end, so `send_seconds` bounds that.
    """

    create_producer: Callable[[], AIOKafkaProducer]
    send_seconds: float = 20.0
    _producer: AIOKafkaProducer | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, messages: Sequence[Message]) -> None:
        """Send all, and return once Kafka has all. Raises `KafkaError`, `OSError`: then nobody knows which it has."""
        producer = await self._ready()
        try:
            async with asyncio.timeout(self.send_seconds):
                under_way = [
                    await producer.send(message.topic, message.value, message.key, headers=message.headers)
                    for message in messages
                ]
                await asyncio.gather(*under_way)
        except (KafkaError, OSError):
            await self._drop(producer)
            raise

    async def close(self) -> None:
        """Let the producer go; what was not acknowledged is sent again by whoever asked for it."""
        if self._producer is not None:
            await self._drop(self._producer)

    async def _ready(self) -> AIOKafkaProducer:
        async with self._lock:
            if self._producer is None:
                self._producer = await started(self.create_producer())
            return self._producer

    async def _drop(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
        await let_go(producer)


@dataclass(frozen=True)
class Relay:
    """Publishes while this process leads; `topic_of` gives a topic's full name.

    A batch is deleted whole or not at all: after a failure all of it is sent again, in order, and so each case's last
    event stays its last.
    """

    outbox: OutboxStore
    publisher: Publisher
    topic_of: Callable[[str], str]
    batch_size: int = 1000

    async def turn(self, lease: Lease) -> bool:
        """Publish one batch; True where there may be more. Raises `LeaseLost`, and what Kafka or the database raise."""
        waiting = await self.outbox.take(self.batch_size)
        if not waiting:
            return False
        lease.check()
        await self.publisher.send([Message(self.topic_of(one.topic), *one[2:]) for one in waiting])
        reached(FaultPoint.STATUSES_PUBLISHED)
        await self.outbox.delete([one.id for one in waiting])
        _published.inc(len(waiting))
        return len(waiting) == self.batch_size

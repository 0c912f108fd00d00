"""The Kafka producer: made when it is needed, and made anew after a failure."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from case_shared.events import Record
from case_shared.producing import let_go, started


@dataclass
class Producer:
    """Sends in order. An idempotent producer may not go on after a failed batch: its sequence would have a hole.

    It would also wait for Kafka without end, so `send_seconds` bounds that.
    """

    create: Callable[[], AIOKafkaProducer]
    topic_of: Callable[[str], str]
    send_seconds: float = 20.0
    reaches_kafka: bool = True
    _producer: AIOKafkaProducer | None = None

    async def send(self, records: Sequence[Record]) -> None:
        """Send all, and return once Kafka has all. Raises `KafkaError`, `OSError`: then nobody knows which it has."""
        try:
            producer = await self._ready()
            async with asyncio.timeout(self.send_seconds):
                under_way = [
                    await producer.send(self.topic_of(record.topic), record.value, record.key, headers=record.headers)
                    for record in records
                ]
                await asyncio.gather(*under_way)
        except (KafkaError, OSError):
            self.reaches_kafka = False
            await self.close()
            raise
        self.reaches_kafka = True

    async def close(self) -> None:
        """Let the producer go; the next call makes another."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await let_go(producer)

    async def _ready(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._producer = await started(self.create())
        return self._producer

"""The Kafka producer: made when it is needed, and made anew after a failure."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from case_shared.events import Record

log = structlog.get_logger(__name__)
_STOP_SECONDS = 2.0


@dataclass
class Producer:
    """Sends in order. An idempotent producer may not go on after a failed batch: its sequence would have a hole."""

    create: Callable[[], AIOKafkaProducer]
    topic_of: Callable[[str], str]
    reaches_kafka: bool = True
    _producer: AIOKafkaProducer | None = None

    async def send(self, records: Sequence[Record]) -> None:
        """Send all, and return once Kafka has all. Raises `KafkaError`, `OSError`: then nobody knows which it has."""
        try:
            producer = await self._ready()
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
        if producer is None:
            return
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await producer.stop()
        except (KafkaError, OSError, TimeoutError) as error:
            log.info("producer_not_stopped_cleanly", error=repr(error))

    async def _ready(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = self.create()
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

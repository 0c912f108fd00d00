"""The start and the end of a Kafka producer, whatever state Kafka is in."""

import asyncio

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError

log = structlog.get_logger(__name__)
_STOP_SECONDS = 2.0


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
    sender = producer._sender.sender_task  # noqa: SLF001
    if sender is not None:
        sender.cancel()
        await asyncio.wait({sender}, timeout=_STOP_SECONDS)
    producer._message_accumulator.fail_all(KafkaConnectionError("the producer is given up"))  # noqa: SLF001
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await producer.stop()
    except (KafkaError, OSError) as error:
        log.info("producer_not_stopped_cleanly", error=repr(error))

"""The start and the end of a Kafka producer, whatever state Kafka is in."""

import asyncio
from itertools import chain
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError

log = structlog.get_logger(__name__)
_STOP_SECONDS = 2.0
# Cancelled once, aiokafka's sender waits for the answers that it has asked for; a Kafka that is frozen gives none. Were
# it left to `stop` to cancel it again, that cancellation would come out of there, and end whoever waits for it.
_CANCELS = 2


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
    for _ in range(_CANCELS):
        if sender is not None and not sender.done():
            sender.cancel()
            await asyncio.wait({sender}, timeout=_STOP_SECONDS / _CANCELS)
    _give_up(producer._message_accumulator)  # noqa: SLF001
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await producer.stop()
    except (KafkaError, OSError) as error:
        log.info("producer_not_stopped_cleanly", error=repr(error))


def _give_up(accumulator: Any) -> None:
    """End all that waits in there, and ask what became of it: nobody else does, and asyncio logs what nobody asks."""
    batches = [*accumulator._pending_batches, *chain.from_iterable(accumulator._batches.values())]  # noqa: SLF001
    # Each batch that ends is removed from there, and those that wait for another try are not there.
    accumulator._pending_batches.update(batches)  # noqa: SLF001
    accumulator.fail_all(KafkaConnectionError("the producer is given up"))
    for batch in batches:
        for future in (batch._drain_waiter, *(future for future, _ in batch._msg_futures)):  # noqa: SLF001
            if not future.cancelled():
                future.exception()

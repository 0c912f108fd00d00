"""Step `events`: does D365 report a change? The marked case is one."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Protocol

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from case_shared.d365.check.report import Finding, failed, ok, skipped, warning
from case_shared.d365.check.target import Target
from case_shared.kafka.connection import KafkaSettings, connection_arguments
from case_shared.kafka.topics import topic_name
from case_shared.process.clock import Clock

_START_SECONDS = 15.0
_TURN_MS = 500


class EventWatch(Protocol):
    """Everything that enters the inbound topic once the watch is open."""

    async def saw(self, ids: Collection[str], seconds: float) -> bool:
        """Return whether an event that names one of the IDs came within `seconds`. Raises: NoKafka."""


class NoKafka(Exception):
    """Kafka cannot be read; the message says why."""


class TopicWatch:
    """The inbound topic; events that came over HTTPS are in it, too."""

    def __init__(self, consumer: AIOKafkaConsumer, clock: Clock) -> None:
        self._consumer = consumer
        self._clock = clock

    async def saw(self, ids: Collection[str], seconds: float) -> bool:
        """Do what `EventWatch.saw` says, searching the record's bytes, so that the event's shape does not matter.

        Raises: NoKafka.
        """
        wanted = [one.encode() for one in ids]
        deadline = self._clock.monotonic() + seconds
        while self._clock.monotonic() < deadline:
            try:
                batches = await self._consumer.getmany(timeout_ms=_TURN_MS)
            except (KafkaError, OSError) as error:
                raise NoKafka(str(error) or type(error).__name__) from error
            values = [record.value or b"" for records in batches.values() for record in records]
            if any(one in value for value in values for one in wanted):
                return True
        return False


@asynccontextmanager
async def watch_topic(settings: KafkaSettings, topic: str, clock: Clock) -> AsyncIterator[TopicWatch]:
    """Read the topic from its end, outside any consumer group. Raises: NoKafka."""
    consumer = AIOKafkaConsumer(
        topic_name(settings, topic), **connection_arguments(settings), client_id="d365-check",
        auto_offset_reset="latest", enable_auto_commit=False,
    )  # fmt: skip
    try:
        try:
            async with asyncio.timeout(_START_SECONDS):
                await consumer.start()
                await consumer.seek_to_end()
                # Seeking is lazy: asking for the position fixes the end before the case is created.
                for partition in consumer.assignment():
                    await consumer.position(partition)
        except (KafkaError, OSError, TimeoutError) as error:
            raise NoKafka(str(error) or type(error).__name__) from error
        yield TopicWatch(consumer, clock)
    finally:
        await consumer.stop()


async def events(target: Target, watch: EventWatch | None, ids: Collection[str], why: str) -> list[Finding]:
    """Wait for an event that names one of `ids`; `why` says why no watch exists."""
    if watch is None:
        return [skipped("events_need_kafka", why=why)]
    asked = target.asked
    seconds = f"{asked.event_seconds:g}"
    try:
        if await watch.saw(ids, asked.event_seconds):
            return [ok("event_came", seconds=seconds)]
    except NoKafka as error:
        return [skipped("events_need_kafka", why=error)]
    event = ", ".join(target.mapping.events.business_event_ids)
    return [failed("no_event", event=event, company=asked.company, seconds=seconds)]


def events_so_far(target: Target) -> list[Finding]:
    """Judge from the events received so far, without waiting; none at all may mean that nothing changed."""
    received, asked = target.asked.received, target.asked
    if received is None or not (received.companies or received.tested):
        return [skipped("events_need_write")]
    silent = asked.dealer_companies - received.companies
    if silent:
        event = ", ".join(target.mapping.events.business_event_ids)
        return [warning("never_heard", event=event, companies=", ".join(sorted(silent)))]
    return [ok("events_heard")]

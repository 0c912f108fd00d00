"""One consumer: it joins its group, reads its topic, and restarts after whatever ends it.

A handler gets raw records and is called again until it succeeds; then only their offsets are committed. A new consumer
starts from what was committed, so it skips nothing that was not handled.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker
from prometheus_client import Counter

from case_shared.kafka.broker import Reading, commit, create_broker, is_alive, is_answer, stop
from case_shared.kafka.connection import KafkaSettings, RawRecord, Subscription, connection_arguments, until_started
from case_shared.kafka.consumer_state import ConsumerState
from case_shared.kafka.reading import Reader
from case_shared.process.fault_points import FaultPoint, reached
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loops import pause
from case_shared.process.private import partitions_with_owner
from case_shared.words.errors import Flooded

log = structlog.get_logger(__name__)
_LONGEST_PAUSE_SECONDS = 5.0
_LONGEST_FLOOD_PAUSE_SECONDS = 30.0
# A batch takes well below a second; a try that lasts this long hangs.
_STUCK_SECONDS = 30.0
# aiokafka would wait forever for a group that has no coordinator.
_JOIN_SECONDS = 60.0
_START_SECONDS = 90.0
_LOOK_SECONDS = 1.0
_MEASURE_SECONDS = 5.0
# An answer may have to wait for a fetch on the same connection.
_MEASURE_TIMEOUT_SECONDS = 5.0
_PAUSE_AFTER_ERROR_SECONDS = 1.0
# A consumer that hears nothing from Kafka for this long is replaced: a Kafka that was killed has left some hanging.
_SILENT_SECONDS = 30.0
# What is over sooner has healed by itself: no error, a warning.
_LASTING_SECONDS = 60.0
_retried = Counter(
    "casebridge_batches_retried_total", "Batches that failed and are processed again", ["topic", "group"]
)


class Consumer:
    """One subscription, kept running until the service stops; `state` shows how it is doing."""

    def __init__(
        self, settings: KafkaSettings, subscription: Subscription, *, client_id: str, heartbeats: Heartbeats
    ) -> None:
        self._settings = settings
        self._subscription = subscription
        self._client_id = client_id
        self._heartbeats = heartbeats
        self._loop = f"consumer of {subscription.topic}"
        self._stopping = asyncio.Event()
        self._writing: set[asyncio.Task[bool]] = set()
        self._broker: KafkaBroker | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._unowned: set[TopicPartition] = set()
        self._unowned_since: float | None = None
        self._ended_at: float | None = None
        self._answered_at = 0.0
        self.state = ConsumerState(
            topic=f"{settings.kafka_topic_prefix}{subscription.topic}",
            group=f"{settings.kafka_group_prefix}{subscription.group}",
            clock=heartbeats.clock,
            start_seconds=settings.kafka_start_seconds,
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until `stopping` is set; finishes the batch in progress first, if possible."""
        self._stopping = stopping
        self._heartbeats.expect(self._loop, within_seconds=_START_SECONDS)
        while not stopping.is_set():
            try:
                if await until_started(self._start, self._loop, stopping):
                    await self._consume()
            except Exception as error:  # noqa: BLE001 - _log_end logs it
                self._log_end(error)
                await pause(_PAUSE_AFTER_ERROR_SECONDS, stopping)
            finally:
                await self._stop()

    def _log_end(self, error: Exception) -> None:
        """One end heals by itself, by the next start; ends that follow each other do not."""
        self.state.has_failed(error, ended=True)
        self._heartbeats.failed(self._subscription.name, repr(error))
        now = self._heartbeats.clock.monotonic()
        again = self._ended_at is not None and now - self._ended_at < _LASTING_SECONDS
        self._ended_at = now
        write = log.error if again else log.warning
        write("consumer_ended", topic=self.state.topic, group=self.state.group, exc_info=error)

    async def _start(self) -> None:
        """Join the group with a new broker: FastStream would also restart what an earlier start left behind."""
        self._heartbeats.beat(self._loop)
        await self._stop()
        try:
            self._broker = create_broker(connection_arguments(self._settings), self._client_id)
            reading = Reading(
                self.state.topic,
                self.state.group,
                self._instance(),
                int(self._settings.kafka_session_timeout_seconds * 1000),
            )
            async with asyncio.timeout(_JOIN_SECONDS):
                self._consumer = await reading.start(self._broker)
        except Exception as error:
            # aiokafka says why (no answer, an untrusted certificate, a wrong password) only in its own log.
            described = f"{repr(error)[:400]} (setting: {self._subscription.set_by}; aiokafka's log line says why)"
            self.state.has_failed(described, ended=False)
            self._heartbeats.failed(self._subscription.name, described)
            raise
        self._has_answered()
        self.state.has_joined()

    def _has_answered(self) -> None:
        self._answered_at = self._heartbeats.clock.monotonic()

    def _instance(self) -> str | None:
        instance = self._settings.kafka_group_instance
        return f"{instance}.{self._subscription.topic}" if instance else None

    async def _stop(self) -> None:
        broker, self._broker = self._broker, None
        self.state.has_left()
        if broker is not None:
            await stop(broker, set(self._writing))
        self._consumer = None

    async def _consume(self) -> None:
        """Read and watch until the service stops or Kafka is silent; raises whatever ends either."""
        assert self._consumer is not None
        tasks = [asyncio.create_task(work(self._consumer)) for work in (self._read, self._watch)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        """Pass on what comes, a batch at a time; starts the next batch while the previous one is being written."""
        reader, writing = Reader(consumer), asyncio.create_task(asyncio.sleep(0, result=True))
        while not self._stopping.is_set():
            records = await reader.read(self._subscription.max_records)
            if not records:
                continue
            self._has_answered()
            self.state.has_read(records)
            begun = self._begin(records)
            try:
                await asyncio.wait({writing})  # canceling us must not cancel the write
                goes_on = writing.result()
            except BaseException:
                _drop(begun)
                raise
            if not goes_on:
                _drop(begun)
                return
            writing = asyncio.create_task(self._write(consumer, records, begun))
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)

    def _begin(self, records: Sequence[RawRecord]) -> Awaitable[None] | None:
        try:
            return self._subscription.handle(records)
        except Exception as error:  # noqa: BLE001 - whatever it is, skipping the batch would lose it
            # It is tried again, and reported in full, when it is this batch's turn.
            log.warning("batch_not_begun", topic=self.state.topic, error=repr(error))
            return None

    async def _write(
        self, consumer: AIOKafkaConsumer, records: Sequence[RawRecord], begun: Awaitable[None] | None
    ) -> bool:
        handled = await self._handled(records, begun)
        reached(FaultPoint.BATCH_STORED)
        if handled:
            self.state.has_handled(records)
            # A consumer that was replaced meanwhile would connect again; its successor reads these records, too.
            if consumer is self._consumer:
                await commit(consumer, records)
        return handled

    async def _handled(self, records: Sequence[RawRecord], begun: Awaitable[None] | None) -> bool:
        """Handle `records` until it succeeds (True); False if the service stops first, and then no more is written."""
        delay = 0.1
        while True:
            try:
                # The metric shows a failing try, and a restart would not fix it; a try that hangs counts as stuck.
                with self._heartbeats.during(f"batch of {self._subscription.topic}", within_seconds=_STUCK_SECONDS):
                    await (begun or self._subscription.handle(records))
            except Exception as error:  # noqa: BLE001 - _pause reports it; skipping the batch would lose it
                begun = None
                _retried.labels(self.state.topic, self.state.group).inc()
                delay = await self._pause(records, error, delay)
                if self._stopping.is_set():
                    return False
            else:
                self.state.is_flooded(flooded=False)
                return True

    async def _pause(self, records: Sequence[RawRecord], error: Exception, delay: float) -> float:
        """Log why the batch failed and wait `delay` seconds; return the next delay in seconds."""
        about = {"topic": self.state.topic, "group": self.state.group, "records": len(records)}
        flooded = isinstance(error, Flooded)
        self.state.is_flooded(flooded=flooded)
        self.state.has_failed(error, ended=False)
        if flooded:
            log.error("consumer_paused", **about, cause=str(error), retry_seconds=delay)
        else:
            log.error("batch_failed", **about, error=repr(error), exc_info=delay < 0.2)
        await pause(delay, self._stopping)
        return min(delay * 2, _LONGEST_FLOOD_PAUSE_SECONDS if flooded else _LONGEST_PAUSE_SECONDS)

    async def _watch(self, consumer: AIOKafkaConsumer) -> None:
        """Measure the lag. Raise if a task of aiokafka's own has ended, which nothing else would report.

        Return if Kafka stays silent: it may be away, or this consumer may wait forever for an answer.
        """
        measured = self._heartbeats.clock.monotonic() - _MEASURE_SECONDS
        while not self._stopping.is_set():
            if not is_alive(consumer):
                raise KafkaError("one of the consumer's tasks has ended")
            self._heartbeats.beat(self._loop)
            if self._heartbeats.clock.monotonic() - measured >= _MEASURE_SECONDS:
                await self._measure(consumer)
                measured = self._heartbeats.clock.monotonic()
            silent = self._heartbeats.clock.monotonic() - self._answered_at
            if silent >= _SILENT_SECONDS:
                log.warning(
                    "consumer_silent", topic=self.state.topic, group=self.state.group, silent_seconds=round(silent)
                )
                return
            await pause(_LOOK_SECONDS, self._stopping)

    async def _measure(self, consumer: AIOKafkaConsumer) -> None:
        """Measure how far it is behind, and whether each partition has a member that reads it."""
        assigned = consumer.assignment()
        try:
            async with asyncio.timeout(_MEASURE_TIMEOUT_SECONDS):
                ends: dict[TopicPartition, int] = await consumer.end_offsets(list(assigned)) if assigned else {}
                positions = {partition: await consumer.position(partition) for partition in assigned}
                owned = await partitions_with_owner(consumer, self.state.group)
        except (KafkaError, OSError, AssertionError, RuntimeError) as error:
            log.info("consumer_not_measured", topic=self.state.topic, error=repr(error))
            if is_answer(error):
                self._has_answered()
            return
        self._has_answered()
        self.state.measure(ends, positions)
        self._count_unowned(consumer, owned)
        if self.state.concern:
            self._heartbeats.failed(self._subscription.name, self.state.concern, self.state.concern_kind)
        else:
            self._heartbeats.succeeded(self._subscription.name)

    def _count_unowned(self, consumer: AIOKafkaConsumer, owned: set[TopicPartition] | None) -> None:
        known: Any = consumer.partitions_for_topic(self.state.topic)
        self.state.topic_missing = not known
        if owned is None:
            return
        unowned = {TopicPartition(self.state.topic, number) for number in known or ()} - owned
        # A group assigns added partitions a moment later: only what two measurements see counts.
        lasting = unowned & self._unowned
        self._log_unowned(len(lasting))
        self._unowned = unowned
        self.state.has_unowned(len(lasting))

    def _log_unowned(self, count: int) -> None:
        """Partitions that are being shared out again get their owner by themselves; an error is what lasts."""
        about = {"topic": self.state.topic, "group": self.state.group, "count": count}
        now = self._heartbeats.clock.monotonic()
        if not count:
            self._unowned_since = None
        elif self._unowned_since is None:
            self._unowned_since = now
            log.warning("partitions_without_consumer", **about)
        elif now - self._unowned_since >= _LASTING_SECONDS:
            self._unowned_since = now
            log.error("partitions_without_consumer", **about)


def _drop(begun: Awaitable[None] | None) -> None:
    """Close it: nobody will wait for it, and its batch is read again."""
    if asyncio.iscoroutine(begun):
        begun.close()

"""Reads what wakes the live streams: all of `case.status-changed.v1` and `case.delivery.v1`, in each replica.

It reads without a group: it commits nothing, and no rebalance stops it. It starts a little before now, so that streams
of another replica, or of the one that ran here before, can be resumed. It skips a record that cannot be read, because
the groups' consumers keep it. After a loss of Kafka it resumes where it was; if that place is gone, clients must fetch
again.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError, UnknownTopicOrPartitionError
from prometheus_client import Counter, Gauge

from case_api.app.live_streams import LiveStreams
from case_api.app.recent_records import LiveRecord
from case_api.domain.event_ids import Partition
from case_shared.database.errors import UNREACHABLE
from case_shared.kafka.broker import is_alive
from case_shared.kafka.connection import METADATA_MS, KafkaSettings, RawRecord, connection_arguments
from case_shared.kafka.reading import Reader
from case_shared.kafka.record_batches import UndecodableRecord, record_time
from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, topic_name
from case_shared.process.heartbeats import NotReady
from case_shared.process.private import abandon, know_topics
from case_shared.words.events import CaseDelivery, CaseStatusChanged, decode

log = structlog.get_logger(__name__)
_BATCH = 500
_REQUEST_MS = 5_000
_CHECK_SECONDS = 5.0
_STOP_SECONDS = 2.0
_reachable = Gauge("casebridge_live_kafka_reachable", "1 if the live streams' last contact with Kafka succeeded")
_behind = Gauge("casebridge_live_records_behind", "Records that the live streams have yet to read")
_lost = Counter(
    "casebridge_live_batches_lost_total", "Batches that could not be shown: clients had to fetch all cases again"
)


@dataclass
class LiveReader:
    """`turn` is one step of its loop; `monotonic` returns seconds."""

    settings: KafkaSettings
    streams: LiveStreams
    monotonic: Callable[[], float]
    healthy: bool = False
    _consumer: AIOKafkaConsumer | None = None
    _reader: Reader | None = None
    _ever_reached: bool = False
    _last_error: str = ""
    _partitions: Mapping[TopicPartition, Partition] = field(default_factory=dict)
    # Where the topics ended at the start: earlier records are kept, but sent to nobody.
    _ends: dict[Partition, int] | None = None
    _started: bool = False
    _checked_at: float = 0
    _waiting: Sequence[LiveRecord] = ()

    def __post_init__(self) -> None:
        self._began = self.monotonic()

    async def ready(self) -> bool:
        """For /readyz. Raises: `NotReady` if it has not reached Kafka since the start, though it had the time."""
        if not self._ever_reached and self.monotonic() - self._began > self.settings.kafka_start_seconds:
            raise NotReady(f"the live streams have not reached Kafka since the service started{self._last_error}")
        return True

    async def turn(self) -> bool:
        """Read and send one batch; True: more may follow. Raises: what Kafka or the database raise."""
        if not self._waiting:
            self._waiting = await self._read()
        if self._waiting:
            await self._send()
        await self.streams.follow_up()
        return True

    async def close(self) -> None:
        """Close the connection; the next turn opens a new one."""
        consumer, self._consumer = self._consumer, None
        self._set_health(healthy=False)
        if consumer is not None:
            await _let_go(consumer)

    async def _read(self) -> Sequence[LiveRecord]:
        try:
            consumer = self._consumer or await self._connected()
            if self.monotonic() - self._checked_at > _CHECK_SECONDS:
                await self._check(consumer)
                if self._consumer is None:
                    return ()
            assert self._reader is not None
            records = await self._reader.read(_BATCH)
            if not records and not self._started:
                await self._pass_over_what_is_no_record(consumer)
        except OffsetOutOfRangeError as error:
            log.warning("live_place_lost", error=repr(error))
            self._begin_again()
            await self.close()
            return ()
        except Exception as error:
            # Whatever it was (uvloop: a RuntimeError), this consumer may be half started or half dead.
            self._last_error = f": {error!r}"
            await self.close()
            raise
        return [_live_record(self._partitions[_place(record)], record) for record in records]

    async def _pass_over_what_is_no_record(self, consumer: AIOKafkaConsumer) -> None:
        """Skip the marks that a transaction leaves after its records: no record follows them at the end of a topic."""
        for one, partition in self._partitions.items():
            place = await consumer.position(one)
            if place > self.streams.recent.offsets[partition]:
                self.streams.recent.offsets[partition] = place
        self._start_when_read()

    async def _send(self) -> None:
        try:
            await (self.streams.send if self._started else self.streams.keep)(self._waiting)
        except UNREACHABLE:
            raise
        except Exception as error:
            # It would fail again: clients that fetch the list see what could not be sent.
            _lost.inc()
            log.error("live_batch_lost", records=len(self._waiting), exc_info=error)
            await self.streams.keep(self._waiting)
            self.streams.interrupt()
        self._waiting = ()
        self._start_when_read()

    def _start_when_read(self) -> None:
        offsets = self.streams.recent.offsets
        if self._started or self._ends is None or any(offsets[one] < end for one, end in self._ends.items()):
            return
        self._started = True
        # A client that connected earlier may have listed earlier: it was never sent what was written in between.
        self.streams.interrupt()
        log.info("live_streams_started", records=len(self.streams.recent))

    def _begin_again(self) -> None:
        self.streams.recent.forget()
        self._ends, self._started = None, False

    async def _connected(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **connection_arguments(self.settings),
            client_id="case-api-live",
            enable_auto_commit=False,
            auto_offset_reset="none",
            request_timeout_ms=_REQUEST_MS,
            metadata_max_age_ms=METADATA_MS,
        )
        self._consumer = consumer
        await consumer.start()
        await know_topics(consumer, self._topics())
        self._partitions = self._known_partitions(consumer)
        await self._assign(consumer)
        self._reader = Reader(consumer)
        self._checked_at = self.monotonic()
        self._ever_reached = True
        self._set_health(healthy=True)
        self._start_when_read()
        return consumer

    def _topics(self) -> list[str]:
        return [topic_name(self.settings, name) for name in (CASE_STATUS_CHANGED, CASE_DELIVERY)]

    def _known_partitions(self, consumer: AIOKafkaConsumer) -> dict[TopicPartition, Partition]:
        found: dict[TopicPartition, Partition] = {}
        for number, topic in enumerate(self._topics()):
            partitions = consumer.partitions_for_topic(topic)
            if not partitions:
                raise UnknownTopicOrPartitionError(topic)
            found |= {TopicPartition(topic, partition): Partition(number, partition) for partition in partitions}
        return found

    async def _assign(self, consumer: AIOKafkaConsumer) -> None:
        """Read each partition from where we are; new ones from their beginning, at the start all from a little ago."""
        offsets = self.streams.recent.offsets
        new = [one for one, partition in self._partitions.items() if partition not in offsets]
        if self._ends is None:
            ends = await consumer.end_offsets(new)
            begins = await self._a_little_ago(consumer, ends)
            self._ends = {self._partitions[one]: end for one, end in ends.items()}
        else:
            begins = await consumer.beginning_offsets(new)
        self.streams.recent.begin({self._partitions[one]: offset for one, offset in begins.items()})
        consumer.assign(list(self._partitions))
        for one, partition in self._partitions.items():
            consumer.seek(one, offsets[partition])

    async def _a_little_ago(
        self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        recent = self.streams.recent
        since_ms = int((time.time() - recent.seconds) * 1000)
        found = await consumer.offsets_for_times(dict.fromkeys(ends, since_ms))
        begins = {one: found[one].offset if found.get(one) else end for one, end in ends.items()}
        return {one: max(begin, ends[one] - recent.most) for one, begin in begins.items()}

    async def _check(self, consumer: AIOKafkaConsumer) -> None:
        """Ask Kafka something, since a reader cannot distinguish silence from absence; and look for new partitions."""
        if not is_alive(consumer):
            raise KafkaError("the consumer's task has ended")
        ends = await consumer.end_offsets(list(self._partitions))
        offsets = self.streams.recent.offsets
        _behind.set(sum(end - offsets[self._partitions[one]] for one, end in ends.items()))
        if self._known_partitions(consumer).keys() != self._partitions.keys():
            log.info("live_partitions_changed")
            await self.close()
        self._checked_at = self.monotonic()

    def _set_health(self, *, healthy: bool) -> None:
        self.healthy = healthy
        _reachable.set(healthy)


async def _let_go(consumer: AIOKafkaConsumer) -> None:
    """Stop `consumer`, within a few seconds.

    If a fetch is under way, aiokafka 0.14 lets its cancellation escape from `stop`, which would end our loop silently.
    So it stops in a task of its own.
    """
    stopping = asyncio.create_task(consumer.stop())
    _, late = await asyncio.wait({stopping}, timeout=_STOP_SECONDS)
    stopping.cancel()
    if late or stopping.cancelled() or stopping.exception():
        log.info("live_consumer_not_stopped_cleanly")
        await abandon(consumer)


def _place(record: RawRecord) -> TopicPartition:
    return TopicPartition(record.topic, record.partition)


def _live_record(partition: Partition, record: RawRecord) -> LiveRecord:
    written_at = record_time(record).timestamp()
    try:
        if isinstance(record, UndecodableRecord):
            return LiveRecord(partition, record.last_offset, written_at)
        if record.topic.endswith(CASE_DELIVERY):
            delivery = decode(CaseDelivery, record.value, record.headers)
            return LiveRecord(partition, record.offset, written_at, delivery.web_case_id)
        changed = decode(CaseStatusChanged, record.value, record.headers)
    except Exception as error:  # noqa: BLE001 - whatever it is, the groups' consumers keep the record and report it
        log.debug("live_record_passed_over", topic=record.topic, offset=record.offset, cause=str(error))
        return LiveRecord(partition, record.offset, written_at)
    return LiveRecord(partition, record.offset, written_at, changed.web_case_id, changed.dealer)

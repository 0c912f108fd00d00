"""Kafka by aiokafka and FastStream, so that an offset moves only after its record's outcome is durable.

FastStream's own parsers and acknowledgements are not used: a header that is no UTF-8 makes its parser raise, and then
the record is skipped; its `ack` commits whatever was fetched and its errors are swallowed. Here a handler gets the raw
records, is called again until it succeeds, and the offsets of just these records are committed.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage
from prometheus_client import Counter, Gauge
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from case_shared.broker import commit, create_broker, is_alive, stop
from case_shared.errors import Flooded
from case_shared.fault_points import FaultPoint, reached
from case_shared.health import Heartbeats
from case_shared.loops import pause
from case_shared.settings import Days

log = structlog.get_logger(__name__)
_LONGEST_PAUSE_SECONDS = 5.0
_LONGEST_FLOOD_PAUSE_SECONDS = 30.0
# A batch takes well below a second; a try of it that lasts as long as this hangs.
_STUCK_SECONDS = 30.0
# A start that meets a dead address gives up by itself within aiokafka's 40 s.
_START_SECONDS = 90.0


class RawRecord(Protocol):
    """What we read of aiokafka's ConsumerRecord, as it came; `timestamp` is in milliseconds since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, Any]]


BatchHandler = Callable[[Sequence[RawRecord]], Awaitable[None]]

_consumed = Counter("casebridge_records_consumed_total", "Records whose outcome is durable", ["topic", "group"])
_retried = Counter(
    "casebridge_batches_retried_total", "Batches whose handling failed and is tried again", ["topic", "group"]
)
_paused = Gauge("casebridge_consumer_paused", "1 while a flood of unreadable records stops it", ["topic", "group"])
_record_time = Gauge(
    "casebridge_last_record_timestamp_seconds", "Time of the newest record handled", ["topic", "group"]
)


class KafkaSettings(BaseSettings):
    """How Kafka is reached; Azure Event Hubs by SASL_SSL and PLAIN."""

    kafka_bootstrap_servers: str = Field(min_length=1, description="host:port, several by comma")
    kafka_security_protocol: str = Field(default="PLAINTEXT", pattern="^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$")
    kafka_sasl_mechanism: str = Field(default="PLAIN", pattern="^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$")
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_topic_prefix: str = Field(default="", description="put in front of each topic's name")
    kafka_group_prefix: str = Field(default="", description="put in front of each consumer group's name")
    # Six seconds is the least that Event Hubs takes, and a broker by its own `group.min.session.timeout.ms`.
    kafka_session_timeout_seconds: float = Field(
        default=6.0, ge=1, le=300, description="silence after which a group gives a member's partitions to the others"
    )
    retention_event_days: Days = Field(
        default=7, description="for so long a topic keeps its events; taken when `migrate` creates the topic"
    )
    kafka_group_instance: str | None = Field(
        default=None,
        description="stable name of this replica, no two alike: a restart within the session time-out moves nothing",
    )


def connection_arguments(settings: KafkaSettings) -> dict[str, Any]:
    """Arguments that each client of aiokafka takes to connect."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol.endswith("SSL"):
        arguments["ssl_context"] = ssl.create_default_context()
    if settings.kafka_security_protocol.startswith("SASL"):
        secret = settings.kafka_sasl_password
        arguments["sasl_mechanism"] = settings.kafka_sasl_mechanism
        arguments["sasl_plain_username"] = settings.kafka_sasl_username
        arguments["sasl_plain_password"] = secret.get_secret_value() if secret else None
    return arguments


def create_producer(settings: KafkaSettings, *, client_id: str, batch_bytes: int = 16_384) -> AIOKafkaProducer:
    """A producer that is idempotent and waits for all replicas; it is not started.

    One batch of a partition is under way at a time, so who sends many at once wants larger `batch_bytes`.
    """
    return AIOKafkaProducer(
        **connection_arguments(settings),
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=batch_bytes,
        request_timeout_ms=10_000,
        metadata_max_age_ms=60_000,
    )


async def until_started(start: Callable[[], Awaitable[None]], what: str, stopping: asyncio.Event) -> bool:
    """Call `start` until it succeeds (True) or `stopping` is set (False): Kafka may come up after us."""
    delay = 0.2
    while not stopping.is_set():
        try:
            await start()
        except (KafkaError, OSError) as error:
            log.warning("kafka_not_reached", what=what, error=repr(error), retry_seconds=delay)
            await pause(delay, stopping)
            delay = min(delay * 2, 3.0)
        else:
            return True
    return False


@dataclass(frozen=True)
class Subscription:
    """One group's reading of one topic, from the earliest record on, a batch at a time; prefixes are added.

    `handle(records)` returns once they are durable. What a plain function begins before it returns its awaitable (a
    task that reads them) goes on while the batch before is still being written; batches are written one by one.
    """

    topic: str
    group: str
    handle: BatchHandler
    max_records: int = 500


class Consumers:
    """The subscriptions of one service on one FastStream broker, kept running until the service stops."""

    def __init__(
        self, settings: KafkaSettings, subscriptions: Sequence[Subscription], *, client_id: str, heartbeats: Heartbeats
    ) -> None:
        self._settings = settings
        self._subscriptions = subscriptions
        self._client_id = client_id
        self._heartbeats = heartbeats
        self._stopping = asyncio.Event()
        self._started = False
        self._flooded: set[str] = set()
        self._writing: set[asyncio.Task[bool]] = set()
        self._broker: KafkaBroker | None = None

    @property
    def started(self) -> bool:
        """Whether each subscription has joined its group."""
        return self._started

    @property
    def flowing(self) -> bool:
        """Whether they have started, and no flood of unreadable records stops one of them."""
        return self._started and not self._flooded

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until `stopping` is set; the batch in hand is finished first where it can be."""
        self._stopping = stopping
        self._heartbeats.expect("consumers", within_seconds=_START_SECONDS)
        while not stopping.is_set():
            try:
                if await until_started(self._start, "consumers", stopping):
                    self._started = True
                    await self._watch(stopping)
            finally:
                self._started = False
                await self._stop()

    async def _start(self) -> None:
        """Start a new broker: FastStream would start once more what had started before another part's start failed."""
        self._heartbeats.beat("consumers")
        await self._stop()
        self._broker = create_broker(connection_arguments(self._settings), self._client_id)
        for subscription in self._subscriptions:
            self._subscribe(self._broker, subscription)
        await self._broker.start()

    async def _stop(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            await stop(broker, set(self._writing))

    async def _watch(self, stopping: asyncio.Event) -> None:
        """Return when stopping, or when a consumer's task has ended, which nothing else would tell."""
        while self._broker is not None and not stopping.is_set():
            ended = [s for s in self._broker.subscribers if not _works(s)]
            if ended:
                log.error("consumer_ended", topics=[str(s) for s in ended])
                return
            self._heartbeats.beat("consumers")
            await pause(1, stopping)

    def _subscribe(self, broker: KafkaBroker, subscription: Subscription) -> None:
        group = f"{self._settings.kafka_group_prefix}{subscription.group}"
        instance = self._settings.kafka_group_instance
        session_ms = int(self._settings.kafka_session_timeout_seconds * 1000)

        async def parse(records: tuple[RawRecord, ...]) -> KafkaAckableMessage:
            return KafkaAckableMessage(body=records, raw_message=records, consumer=subscriber.consumer)

        async def decode(message: KafkaAckableMessage) -> Any:
            return message.raw_message

        subscriber = broker.subscriber(
            f"{self._settings.kafka_topic_prefix}{subscription.topic}",
            batch=True,
            group_id=group,
            group_instance_id=f"{instance}.{subscription.topic}" if instance else None,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            max_records=subscription.max_records,
            batch_timeout_ms=50,
            session_timeout_ms=session_ms,
            # A member learns by its heartbeat's answer that the group shares the partitions anew.
            heartbeat_interval_ms=session_ms // 5,
            parser=parse,
            decoder=decode,
        )

        writing = asyncio.create_task(asyncio.sleep(0, result=True))

        @subscriber
        async def consume(records: Any) -> None:
            nonlocal writing
            begun = _begin(subscription, records)
            if await writing:
                writing = asyncio.create_task(write(records, begun))
                self._writing.add(writing)
                writing.add_done_callback(self._writing.discard)

        async def write(records: Sequence[RawRecord], begun: Awaitable[None] | None) -> bool:
            handled = await self._handled(subscription, records, begun)
            reached(FaultPoint.BATCH_STORED)
            if handled and subscriber.consumer is not None:
                await commit(subscriber.consumer, records)
            return handled

    async def _handled(
        self, subscription: Subscription, records: Sequence[RawRecord], begun: Awaitable[None] | None
    ) -> bool:
        """Handle `records` until it succeeds (True); False where the service stops before: then no more is written."""
        labels = (subscription.topic, subscription.group)
        delay = 0.1
        while True:
            try:
                # A try that fails is told by the metric, and no restart would mend it; one that hangs is stuck.
                with self._heartbeats.during(f"batch of {subscription.topic}", within_seconds=_STUCK_SECONDS):
                    await (begun or subscription.handle(records))
            except Exception as error:  # noqa: BLE001 - told by _pause; skipping the batch would lose it
                begun = None
                _retried.labels(*labels).inc()
                delay = await self._pause(subscription, records, error, delay)
                if self._stopping.is_set():
                    return False
            else:
                self._told_flooded(subscription, flooded=False)
                _consumed.labels(*labels).inc(len(records))
                _record_time.labels(*labels).set(max(record.timestamp for record in records) / 1000)
                return True

    async def _pause(
        self, subscription: Subscription, records: Sequence[RawRecord], error: Exception, delay: float
    ) -> float:
        """Tell why the batch failed and wait `delay` seconds; returns how long to wait the next time."""
        told = {"topic": subscription.topic, "group": subscription.group, "records": len(records)}
        flooded = isinstance(error, Flooded)
        self._told_flooded(subscription, flooded=flooded)
        if flooded:
            log.error("consumer_paused", **told, cause=str(error), retry_seconds=delay)
        else:
            log.error("batch_failed", **told, error=repr(error), exc_info=delay < 0.2)
        await pause(delay, self._stopping)
        return min(delay * 2, _LONGEST_FLOOD_PAUSE_SECONDS if flooded else _LONGEST_PAUSE_SECONDS)

    def _told_flooded(self, subscription: Subscription, *, flooded: bool) -> None:
        (self._flooded.add if flooded else self._flooded.discard)(subscription.topic)
        _paused.labels(subscription.topic, subscription.group).set(flooded)


def _works(subscriber: Any) -> bool:
    tasks: Sequence[asyncio.Task[Any]] = getattr(subscriber, "tasks", None) or ()
    consumer = subscriber.consumer
    return not all(task.done() for task in tasks) and consumer is not None and is_alive(consumer)


def _begin(subscription: Subscription, records: Sequence[RawRecord]) -> Awaitable[None] | None:
    try:
        return subscription.handle(records)
    except Exception as error:  # noqa: BLE001 - whatever it is, skipping the batch would lose it
        # It is tried again, and told properly, when it is this batch's turn.
        log.warning("batch_not_begun", topic=subscription.topic, error=repr(error))
        return None

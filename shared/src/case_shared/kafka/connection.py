"""How to reach Kafka, and what a subscription is; `case_shared.kafka.consumers` does the reading."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from pydantic import AfterValidator, Field

from case_shared.kafka.security import KafkaSecurity, security_arguments
from case_shared.process.loops import pause
from case_shared.process.settings import Days

log = structlog.get_logger(__name__)
# How often clients look for partitions: they read and write an added one, or a re-created topic, within this time.
# What a producer writes to an added partition waits until its consumers have found it.
METADATA_MS = 10_000
# A host name or IPv4 address, or an IPv6 address in brackets. aiokafka would use 9092 for a missing port.
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+(%[\w.-]+)?\]|[^\s:\[\],/@]+):(?P<port>[0-9]{1,5})", re.ASCII)
_LARGEST_PORT = 65535


class RawRecord(Protocol):
    """What we read of a record, as it came; `timestamp` is in ms since 1970, or whatever its sender wrote."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, Any]]: ...


BatchHandler = Callable[[Sequence[RawRecord]], Awaitable[None]]


def _addresses(text: str) -> str:
    """Return the addresses without spaces. Raises: ValueError, naming the first one that is wrong."""
    found = [address.strip() for address in text.split(",")]
    for address in found:
        match = _ADDRESS.fullmatch(address)
        if match is None:
            raise ValueError(f"{address or 'an empty entry'!r} is not in the form host:port")
        if not 1 <= int(match["port"]) <= _LARGEST_PORT:
            raise ValueError(f"{address!r} has no port between 1 and {_LARGEST_PORT}")
    return ",".join(found)


class KafkaSettings(KafkaSecurity):
    """How to reach Kafka; Azure Event Hubs by SASL_SSL and PLAIN."""

    kafka_bootstrap_servers: Annotated[str, AfterValidator(_addresses)] = Field(
        description="The addresses of Kafka's brokers, as host:port, separated by commas. Put IPv6 addresses in "
        "brackets."
    )
    kafka_topic_prefix: str = Field(default="", description="A prefix for the name of each topic.")
    kafka_group_prefix: str = Field(default="", description="A prefix for the name of each consumer group.")
    # Event Hubs takes no less than six seconds, and neither does a broker by its `group.min.session.timeout.ms`.
    kafka_session_timeout_seconds: float = Field(
        default=6.0,
        ge=1,
        le=300,
        description="How long a replica may be silent before the others take over its partitions.",
    )
    retention_event_days: Days = Field(
        default=7, description="How long a topic keeps its events. `migrate` applies it when it creates the topic."
    )
    kafka_replication_factor: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="On how many brokers each topic is kept: 3 in production. Applies when `migrate` creates the "
        "topic; it warns of topics with fewer. Default: the brokers' own.",
    )
    kafka_min_insync_replicas: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="On how many of them a record must be before it counts as sent: 2 in production. Applies and "
        "warns in the same way.",
    )
    kafka_start_seconds: float = Field(
        default=60,
        gt=0,
        le=3600,
        description="How long a consumer may take to join its group before /readyz fails. `migrate` waits this long "
        "for Kafka to start.",
    )
    kafka_group_instance: str | None = Field(
        default=None,
        description="A permanent name for this replica, different for each. With it, a restart within "
        "KAFKA_SESSION_TIMEOUT_SECONDS moves no partitions.",
    )

    def _kafka_problems(self) -> Iterator[str]:
        yield from super()._kafka_problems()
        factor, least = self.kafka_replication_factor, self.kafka_min_insync_replicas
        if factor and least and least > factor:
            yield f"KAFKA_MIN_INSYNC_REPLICAS: is {least}, more than KAFKA_REPLICATION_FACTOR ({factor})"


def connection_arguments(settings: KafkaSettings) -> dict[str, Any]:
    """Return the arguments with which each client of aiokafka connects."""
    # A list: FastStream reads a string as one address, while aiokafka splits it.
    return {"bootstrap_servers": settings.kafka_bootstrap_servers.split(","), **security_arguments(settings)}


def create_producer(settings: KafkaSettings, *, client_id: str, batch_bytes: int = 16_384) -> AIOKafkaProducer:
    """Create a producer that is idempotent and waits for all replicas; it is not started.

    It sends one batch of a partition at a time, so a caller that sends many records at once needs larger `batch_bytes`.
    """
    return AIOKafkaProducer(
        **connection_arguments(settings),
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        max_batch_size=batch_bytes,
        request_timeout_ms=10_000,
        metadata_max_age_ms=METADATA_MS,
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
    """How one group reads one topic, from the earliest record on, a batch at a time; prefixes are added.

    `name` is its name among what must move (`case_shared.database.progress`). `kafka` is set if the topic is not in the
    service's own Kafka, and `set_by` names the settings for it. `handle(records)` returns once they are durable. What
    a plain function starts before it returns its awaitable (a task that reads them) runs while the previous batch is
    still being written; batches are written one by one.
    """

    topic: str
    group: str
    handle: BatchHandler
    max_records: int = 500
    name: str = "consume"
    kafka: KafkaSettings | None = None
    set_by: str = "KAFKA_*"

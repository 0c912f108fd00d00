"""Topic names, and how topics are created. The key of each record of ours is the Web Case ID."""

import asyncio

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    BrokerNotAvailableError,
    BrokerResponseError,
    InvalidReplicationFactorError,
    NotControllerError,
    TopicAlreadyExistsError,
    for_code,
)

from case_shared.kafka.connection import KafkaSettings, connection_arguments
from case_shared.process.private import know_controller

log = structlog.get_logger(__name__)
CASE_SUBMITTED = "case.submitted.v1"
CASE_DELIVERY = "case.delivery.v1"
CASE_STATUS_CHANGED = "case.status-changed.v1"
PARTITIONS = 6
MIN_INSYNC = "min.insync.replicas"
_DAY_MS = 24 * 3600 * 1000
# How a Kafka answers that has no broker in service yet, or has just changed its controller.
_STARTING = frozenset({InvalidReplicationFactorError, NotControllerError})
_AGAIN_SECONDS = 0.5


def topic_name(settings: KafkaSettings, name: str) -> str:
    """Return this installation's name of the topic `name`."""
    return f"{settings.kafka_topic_prefix}{name}"


async def ensure_topics(settings: KafkaSettings, *names: str) -> list[str]:
    """Create the missing topics (with the prefix), and return their names.

    Waits for a Kafka that is still starting. Raises: `aiokafka.errors.KafkaError` if the broker refuses or cannot be
    reached, or if Kafka has not started within `kafka_start_seconds`.
    """
    prefixed = [topic_name(settings, name) for name in names]
    admin = AIOKafkaAdminClient(**connection_arguments(settings))
    await admin.start()
    try:
        async with asyncio.timeout(settings.kafka_start_seconds):
            await know_controller(admin)
            return [name for name in prefixed if await _created(admin, _new_topic(name, settings))]
    except TimeoutError:
        factor = settings.kafka_replication_factor
        asks = f"KAFKA_REPLICATION_FACTOR {factor}" if factor else "its default.replication.factor"
        why = (
            f"After {settings.kafka_start_seconds:g} s, Kafka has no controller or no broker for a topic. Check that "
            f"{asks} does not ask for more brokers than Kafka has"
        )
        raise BrokerNotAvailableError(why) from None
    finally:
        await admin.close()


def _new_topic(name: str, settings: KafkaSettings) -> NewTopic:
    configs = {"retention.ms": str(int(settings.retention_event_days * _DAY_MS))}
    if settings.kafka_min_insync_replicas:
        configs[MIN_INSYNC] = str(settings.kafka_min_insync_replicas)
    if settings.kafka_replication_factor:
        return NewTopic(name, PARTITIONS, settings.kafka_replication_factor, topic_configs=configs)
    # -1 is the broker's own default: 1 on a laptop, what the cluster's owners chose elsewhere. aiokafka 0.14 takes it
    # only beside an assignment of replicas, which may be empty.
    return NewTopic(name, PARTITIONS, -1, {}, configs)


async def _created(admin: AIOKafkaAdminClient, topic: NewTopic) -> bool:
    while (error := await _refusal(admin, topic)) in _STARTING:
        log.info("kafka_is_starting", topic=topic.name, answer=error.__name__ if error else None)
        await asyncio.sleep(_AGAIN_SECONDS)
    if error and error is not TopicAlreadyExistsError:
        raise error(f"topic {topic.name} could not be created")
    return error is None


async def _refusal(admin: AIOKafkaAdminClient, topic: NewTopic) -> type[BrokerResponseError] | None:
    answer = await admin.create_topics([topic])
    [(_name, code, *_message)] = answer.topic_errors
    return for_code(code) if code else None

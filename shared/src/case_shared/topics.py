"""Topic names, and how the topics are made. The key of each record of ours is the Web Case ID."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from case_shared.kafka import KafkaSettings, connection_arguments

CASE_SUBMITTED = "case.submitted.v1"
CASE_DELIVERY = "case.delivery.v1"
CASE_STATUS_CHANGED = "case.status-changed.v1"
PARTITIONS = 6
_DAY_MS = 24 * 3600 * 1000


def topic_name(settings: KafkaSettings, name: str) -> str:
    """The topic `name` as this installation calls it."""
    return f"{settings.kafka_topic_prefix}{name}"


async def ensure_topics(settings: KafkaSettings, *names: str) -> list[str]:
    """Create the topics that are missing (prefixed as set), and return the names of those.

    Raises `aiokafka.errors.KafkaError` where the broker refuses or cannot be reached.
    """
    prefixed = [topic_name(settings, name) for name in names]
    admin = AIOKafkaAdminClient(**connection_arguments(settings))
    await admin.start()
    try:
        retention_ms = int(settings.retention_event_days * _DAY_MS)
        return [name for name in prefixed if await _created(admin, name, retention_ms)]
    finally:
        await admin.close()


async def _created(admin: AIOKafkaAdminClient, name: str, retention_ms: int) -> bool:
    # -1 is the broker's own default: 1 on a laptop, what the cluster's owners chose elsewhere. aiokafka 0.14 takes it
    # only beside an assignment of replicas, which may be empty.
    topic = NewTopic(name, PARTITIONS, -1, {}, {"retention.ms": str(retention_ms)})
    answer = await admin.create_topics([topic])
    for _name, code, *_message in answer.topic_errors:
        error = for_code(code)
        if error is TopicAlreadyExistsError:
            return False
        if code:
            raise error(f"topic {name} could not be created")
    return True

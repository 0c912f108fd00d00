"""Whether the topics that exist are kept as safely as the settings ask for."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code

from case_shared.kafka.connection import KafkaSettings, connection_arguments
from case_shared.kafka.topics import MIN_INSYNC


async def shortfalls(settings: KafkaSettings, topics: Sequence[str]) -> list[str]:
    """How existing topics (by their full names) fall short of the settings, with the remedy: a sentence each.

    Raises `aiokafka.errors.KafkaError` where Kafka cannot be reached.
    """
    found: list[str] = []
    async with _administrator(settings) as admin:
        if factor := settings.kafka_replication_factor:
            found += [one async for one in _with_few_replicas(admin, topics, factor)]
        if least := settings.kafka_min_insync_replicas:
            found += [one async for one in _sent_too_soon(admin, topics, least)]
    return found


@asynccontextmanager
async def _administrator(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**connection_arguments(settings))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def _with_few_replicas(admin: AIOKafkaAdminClient, topics: Sequence[str], factor: int) -> AsyncIterator[str]:
    for described in await admin.describe_topics(list(topics)):
        fewest = min((len(one["replicas"]) for one in described["partitions"]), default=factor)
        if fewest < factor:
            yield (
                f"topic {described['topic']} has {_replicas(fewest)}, and KAFKA_REPLICATION_FACTOR is {factor}: add "
                "replicas with kafka-reassign-partitions.sh"
            )


async def _sent_too_soon(admin: AIOKafkaAdminClient, topics: Sequence[str], least: int) -> AsyncIterator[str]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    for answer in await admin.describe_configs(asked):
        for code, _message, _kind, topic, entries in answer.resources:
            if code:
                why = for_code(code).__name__
                yield f"{MIN_INSYNC} of topic {topic} is not known ({why}); `migrate` needs the right DescribeConfigs"
                continue
            for value in _values(entries):
                if value < least:
                    yield (
                        f"topic {topic} has {MIN_INSYNC}={value}, and KAFKA_MIN_INSYNC_REPLICAS is {least}: change it "
                        f"with kafka-configs.sh --alter --topic {topic} --add-config {MIN_INSYNC}={least}"
                    )


def _values(entries: Sequence[Sequence[object]]) -> Iterator[int]:
    return (int(str(value)) for name, value, *_more in entries if name == MIN_INSYNC)


def _replicas(count: int) -> str:
    return "one replica" if count == 1 else f"{count} replicas"

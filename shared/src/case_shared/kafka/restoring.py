"""What follows a restore of the database, while no service runs: Kafka's log is read again, or skipped.

PostgreSQL has the truth and Kafka transports it; but only Kafka has what was submitted after the backup.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError, UnknownMemberIdError, UnknownTopicOrPartitionError

from case_shared.database.errors import UNREACHABLE
from case_shared.database.postgres import Pool, create_pool
from case_shared.kafka.connection import KafkaSettings, RawRecord, connection_arguments
from case_shared.kafka.migrate import MigrateSettings
from case_shared.kafka.reading import Reader
from case_shared.kafka.topics import topic_name
from case_shared.process.private import partitions_of
from case_shared.process.settings import load_settings

_TRIES, _AGAIN_SECONDS = 50, 0.1
Work = Callable[[Pool, KafkaSettings], Awaitable[str]]


def run(package: str, work: Work) -> None:
    """Run the command `restored`: `work(pool, settings)` as the role that owns the schema; print what it returns.

    Exits with 1, and names the setting to check, if PostgreSQL or Kafka cannot be used.
    """
    settings = load_settings(MigrateSettings)
    try:
        print(asyncio.run(_run(package, settings, work)))
    except KafkaError as error:
        raise SystemExit(f"KAFKA_BOOTSTRAP_SERVERS {settings.kafka_bootstrap_servers}: {error!r}") from error
    except UNREACHABLE as error:
        raise SystemExit(f"MIGRATIONS_DATABASE_URL: {error!r}") from error


async def _run(package: str, settings: MigrateSettings, work: Work) -> str:
    url = settings.migrations_database_url.get_secret_value()
    pool = await create_pool(url, schema=package, name="restored", size=2)
    try:
        return await work(pool, settings)
    finally:
        await pool.close()


async def read_log(settings: KafkaSettings, topic: str) -> AsyncIterator[Sequence[RawRecord]]:
    """Yield all that `topic` has now, in batches, oldest first within a partition. Raises: `KafkaError`."""
    # Not by `seek_to_beginning`: the offset that the assignment itself asks for may arrive later, and win.
    consumer = AIOKafkaConsumer(
        **connection_arguments(settings), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        partitions = await _partitions(consumer, topic_name(settings, topic))
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        reader = Reader(consumer)
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            yield await reader.read(500)
    finally:
        await consumer.stop()


async def rewind(settings: KafkaSettings, group: str, topic: str) -> None:
    """Make `group` start at the earliest record of `topic` when it reads again."""
    await _move(settings, group, topic, to_end=False)


async def skip(settings: KafkaSettings, group: str, topic: str) -> None:
    """Make `group` start after all that `topic` has now."""
    await _move(settings, group, topic, to_end=True)


async def _move(settings: KafkaSettings, group: str, topic: str, *, to_end: bool) -> None:
    consumer = AIOKafkaConsumer(
        **connection_arguments(settings), group_id=f"{settings.kafka_group_prefix}{group}", enable_auto_commit=False
    )
    await consumer.start()
    try:
        partitions = await _partitions(consumer, topic_name(settings, topic))
        consumer.assign(partitions)
        asked = consumer.end_offsets if to_end else consumer.beginning_offsets
        await consumer.commit(await asked(partitions))
    except (CommitFailedError, UnknownMemberIdError) as error:
        raise SystemExit(f"group {group} still has members. Stop every service, and run this command again") from error
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, name: str) -> list[TopicPartition]:
    """All that the topic has, those included that an administrator added; one made a moment ago is waited for."""
    for _ in range(_TRIES):
        if known := await partitions_of(consumer, name):
            return [TopicPartition(name, number) for number in sorted(known)]
        await asyncio.sleep(_AGAIN_SECONDS)
    raise UnknownTopicOrPartitionError(name)

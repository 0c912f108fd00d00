"""An administrator adds partitions, or makes a topic anew, under load: nothing is lost, doubled, late, or an error."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED, ensure_topics, topic_name
from tests.cluster.world import World
from tests.support.eventually import eventually

pytestmark = pytest.mark.timeout(300)
OURS = (CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED)


@asynccontextmanager
async def administrator(world: World) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=world.cluster.bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


@pytest.mark.parametrize("topic", OURS)
async def test_a_topic_is_made_again(world: World, topic: str) -> None:
    name = topic_name(world.broker.settings, topic)

    async def made() -> bool:
        return name in await ensure_topics(world.broker.settings, topic)

    async with world.under_load(f"{topic} made anew") as load, administrator(world) as admin:
        await load.goes_on(3)
        await admin.delete_topics([name])
        await eventually(made, within_seconds=30)
        load.heals_now()
        await load.goes_on(15)


async def test_partitions_are_added(world: World) -> None:
    names = {topic_name(world.broker.settings, topic): NewPartitions(9) for topic in OURS}

    async def used() -> set[int]:
        return {record.partition for record in await world.broker.read_all(CASE_SUBMITTED)}

    async with world.under_load("partitions 6 → 9") as load, administrator(world) as admin:
        await load.goes_on(3)
        await admin.create_partitions(names)
        await load.goes_on(20)
        # How many cases a busy machine submits in 20 s does not decide: three of nine partitions wait for their keys.
        await eventually(used, lambda found: found == set(range(9)), within_seconds=30, every_seconds=1)

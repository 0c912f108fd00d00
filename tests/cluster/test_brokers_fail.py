"""Brokers die, restart and lose their majority under load: nothing is lost, doubled, late, or an error in the logs."""

import pytest

from tests.cluster.world import World
from tests.support.kafka_cluster import NODES

pytestmark = pytest.mark.timeout(300)
OUTAGE_SECONDS = 20


async def test_a_broker_is_killed(world: World) -> None:
    leading = await world.cluster.controller()
    victim = next(node for node in NODES if node != leading)
    async with world.under_load("kill -9 of a broker") as load:
        await load.goes_on(3)
        world.cluster.kill(victim)
        await load.goes_on(10)
        await world.cluster.start(victim)
        await world.cluster.in_sync(world.topics)


async def test_the_controller_is_killed(world: World) -> None:
    victim = await world.cluster.controller()
    async with world.under_load("kill -9 of the controller") as load:
        await load.goes_on(3)
        world.cluster.kill(victim)
        await load.goes_on(10)
        await world.cluster.start(victim)
        await world.cluster.in_sync(world.topics)


async def test_all_brokers_are_restarted_one_after_the_other(world: World) -> None:
    async with world.under_load("rolling restart of all") as load:
        for node in NODES:
            await world.cluster.stop(node)
            await world.cluster.start(node)
            await world.cluster.in_sync(world.topics)
        await load.goes_on(3)


async def test_two_of_three_are_gone_for_a_while(world: World) -> None:
    leading = await world.cluster.controller()
    other = next(node for node in NODES if node != leading)
    async with world.under_load(f"two of three gone for {OUTAGE_SECONDS} s") as load:
        await load.goes_on(3)
        world.cluster.kill(leading, other)
        await load.goes_on(OUTAGE_SECONDS)
        await world.cluster.start(leading, other)
        load.heals_now()
        await world.cluster.in_sync(world.topics)
        await load.goes_on(3)

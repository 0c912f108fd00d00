"""The relay on real Kafka: what dies between Kafka's acknowledgement and the DELETE is sent again, in order."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from case_shared.clock import SystemClock
from case_shared.kafka import create_producer
from case_shared.leadership import Lease
from case_shared.topics import CASE_STATUS_CHANGED, topic_name
from status_sync.postgres.outbox import OutboxStore
from status_sync.relay import Publisher, Relay
from tests.integration.status_sync.conftest import World
from tests.support.brokers import Broker
from tests.support.eventually import eventually

STATUSES = ("None", "InProcess", "Planned", "Closed")
AS_SHOWN = ["submitted", "in_process", "open", "closed"]


@dataclass(frozen=True)
class DiesBeforeTheDelete(OutboxStore):
    """A process that is killed once Kafka has the batch."""

    async def delete(self, ids: Sequence[int]) -> None:
        raise ConnectionError(f"killed before {ids} were deleted")


def lease() -> Lease:
    clock = SystemClock()
    return Lease("relay", 1, clock, clock.monotonic() + 60)


def relay(outbox: OutboxStore, broker: Broker, batch_size: int) -> Relay:
    publisher = Publisher(lambda: create_producer(broker.settings, client_id="test"))
    return Relay(outbox, publisher, lambda name: topic_name(broker.settings, name), batch_size)


async def changes_of(world: World, cases: int) -> None:
    """Let each of some cases go through its life, one change of each after the other."""
    found = [await world.found(await world.create(await world.submit())) for _ in range(cases)]
    for status in STATUSES:
        changed = [one.model_copy(update={"status": status}) for one in found]
        await world.service.apply_read().handle(await world.now(), changed)


async def test_a_kill_between_acknowledgement_and_delete_doubles_and_disorders_nothing_for_good(
    world: World, broker: Broker
) -> None:
    await broker.create(CASE_STATUS_CHANGED)
    await changes_of(world, cases=3)
    dying = relay(DiesBeforeTheDelete(world.pool), broker, batch_size=7)
    with pytest.raises(ConnectionError):
        await dying.turn(lease())
    await dying.publisher.close()
    assert len(await broker.status_changes()) == 7

    living = relay(world.service.outbox, broker, batch_size=7)
    assert await living.turn(lease())  # a full batch: there may be more
    assert not await living.turn(lease())
    await living.publisher.close()
    assert await world.events() == []
    told: dict[str, list[str]] = {}
    for change in await broker.status_changes():
        told.setdefault(change.web_case_id, []).append(change.status)
    assert len(told) == 3
    for statuses in told.values():
        assert list(dict.fromkeys(statuses)) == AS_SHOWN  # the first sightings are in order
        assert statuses[-1] == "closed"  # and the last event is the last change


async def test_an_event_with_a_smaller_id_never_comes_up_later(world: World) -> None:
    """Ids are given under a lock that is held until the commit; else a case's older event might be sent last."""
    found = await world.found(await world.create(await world.submit()))
    apply_read = world.service.apply_read()
    await apply_read.handle(await world.now(), [found])
    (first,) = await world.service.outbox.take(10)
    async with world.pool.acquire() as slow, slow.transaction():
        await world.service.cases.lock(slow)
        later = asyncio.create_task(
            apply_read.handle(await world.now(), [found.model_copy(update={"status": "Closed"})])
        )
        await eventually(lambda: waiting_for_the_lock(world))
        assert await world.service.outbox.take(10) == [first]
        await slow.execute("INSERT INTO outbox (topic, key, value, headers) VALUES ('t', 'k', 'v', '{}')")
    await later
    assert [one.key for one in await world.service.outbox.take(10)] == [first.key, b"k", first.key]


async def waiting_for_the_lock(world: World) -> bool:
    async with world.database.connect() as connection:
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return bool(await connection.fetchval(query))

"""The events that a read writes into the outbox are in the order of the changes."""

import asyncio

from status_sync.postgres.outbox import OUTBOX
from tests.integration.status_sync.conftest import World
from tests.support.eventually import eventually
from tests.support.outboxes import waiting


async def test_an_event_with_a_smaller_id_never_comes_up_later(world: World) -> None:
    """IDs are assigned under a lock until the commit; otherwise a case's older event might be sent last."""
    found = await world.found(await world.create(await world.submit()))
    apply_read = world.service.apply_read()
    await apply_read.handle(await world.now(), [found])
    (first,) = await waiting(world.pool, OUTBOX)
    async with world.pool.acquire() as slow, slow.transaction():
        await world.service.cases.lock(slow)
        later = asyncio.create_task(
            apply_read.handle(await world.now(), [found.model_copy(update={"status": "Closed"})])
        )
        await eventually(lambda: waiting_for_the_lock(world))
        assert await waiting(world.pool, OUTBOX) == [first]
        await slow.execute("INSERT INTO outbox (topic, key, value, headers) VALUES ('t', 'k', 'v', '{}')")
    await later
    assert [one.key for one in await waiting(world.pool, OUTBOX)] == [first.key, b"k", first.key]


async def test_each_change_of_a_case_is_an_event_of_its_own(world: World) -> None:
    found = [await world.found(await world.create(await world.submit())) for _ in range(3)]
    for status in ("None", "InProcess", "Planned", "Closed"):
        changed = [one.model_copy(update={"status": status}) for one in found]
        await world.service.apply_read().handle(await world.now(), changed)
    statuses: dict[str, list[str]] = {}
    for event in await world.events():
        statuses.setdefault(event["web_case_id"], []).append(event["status"])
    assert list(statuses.values()) == [["submitted", "in_process", "open", "closed"]] * 3


async def waiting_for_the_lock(world: World) -> bool:
    async with world.database.connect() as connection:
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return bool(await connection.fetchval(query))

"""D365 is restored to an earlier time, and d365-sync is killed while it looks up and redelivers what is lost."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from case_shared.process.fault_points import FaultPoint
from tests.chaos.scenarios.test_replays import Json, World, _world
from tests.integration.d365_sync.conftest import submitted
from tests.integration.d365_sync.test_service import record
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.submissions import store_submissions

KEPT, LOST = 20, 380


@pytest_asyncio.fixture
async def world(database: Database, broker: Broker, tmp_path: Path) -> AsyncIterator[World]:
    async with _world(database, broker, tmp_path) as running_world:
        yield running_world


async def deliver(world: World, count: int, before: int) -> list[str]:
    """Submit `count` cases, and wait until all are delivered."""
    events = [submitted() for _ in range(count)]
    await store_submissions(world.database, *events)
    for event in events:
        await world.broker.send(record(event))
    await eventually(world.states, lambda found: found == {"delivered": before + count}, within_seconds=60)
    return [event.web_case_id for event in events]


@pytest.mark.timeout(240 * PATIENCE)
async def test_what_d365_lost_is_delivered_again_once_each_though_the_service_is_killed(world: World) -> None:
    kept = await deliver(world, KEPT, 0)
    since = datetime.now(UTC)
    await world.d365.back_up()
    lost = await deliver(world, LOST, KEPT)
    await world.d365.restore()
    assert await world.in_d365(lost) == {}
    order: Json = {"since": since.isoformat(), "reason": "D365 is back at noon"}

    world.arm(FaultPoint.D365_RESTORE_STEPPED)
    restore = await world.insisting("POST", "/d365/restores", order)
    path = f"/d365/restores/{restore['restore_id']}"

    async def shown() -> Json:
        return await world.insisting("GET", path)

    await eventually(shown, lambda found: found["counts"]["queued"] >= 100, within_seconds=60)
    world.service.kill()
    # The command may be repeated, whatever the result of the first one.
    await world.insisting("POST", "/d365/restores", order)
    world.arm(FaultPoint.CASE_POSTED)

    async def states() -> Counter[str]:
        await world.revive()
        return await world.states()

    done = await eventually(shown, lambda found: found["state"] == "completed", within_seconds=60)
    await eventually(states, lambda found: found == {"delivered": KEPT + LOST}, within_seconds=120, every_seconds=0.2)

    assert done["counts"]["remaining"] == done["counts"]["not_sure"] == 0
    assert await world.in_d365([*kept, *lost]) == Counter([*kept, *lost])
    assert len(list(world.faults.glob("*.*"))) == 2, "each armed point has struck"
    async with world.database.connect() as connection:
        audited = await connection.fetch("SELECT web_case_id FROM d365_sync.audit WHERE action = 'deliver_again'")
    assert Counter(row["web_case_id"] for row in audited) == Counter(lost)

"""A step of the poll that fails from the beginning is reported with D365's message."""

import pytest

from case_shared.d365.mapping import Mapping
from case_shared.database.progress import MUST_MOVE
from d365_sync.domain.flow import Concern, Kind, Verdict
from d365_sync.postgres.flow import PostgresFlow
from tests.integration.status_sync.conftest import World

STEPS = {
    "dealers": Mapping().customers.entity_set,
    "categories": Mapping().categories.entity_set,
    "priorities": Mapping().priorities.entity_set,
    "cases": Mapping().case.entity_set,
}


async def concerns(world: World) -> list[Concern]:
    await world.service.moving.turn()
    # A day after the start.
    async with world.database.pool("d365_sync") as pool:
        await pool.execute("UPDATE progress SET expected_since = now() - interval '1 day'")
        return [one for one in await PostgresFlow(pool).concerns() if one.where in STEPS]


@pytest.mark.parametrize("step", STEPS)
async def test_a_step_that_d365_refuses_from_the_beginning_is_an_alarm_until_it_succeeds(
    world: World, step: str
) -> None:
    words = "The user has no privilege for this entity."
    refused = {"kind": "status", "operation": "read", "entity_set": STEPS[step], "status": 403, "message": words}
    await world.d365.fault(**refused)

    await world.service.poller().poll()

    (concern,) = await concerns(world)
    assert (concern.kind, concern.where, concern.verdict) == (Kind.STEP_NEVER_SUCCEEDED, step, Verdict.ALARM)
    assert words in (concern.detail or "")
    await world.d365.control("DELETE", "/faults")
    await world.service.poller().poll()
    assert await concerns(world) == []


async def test_each_step_of_the_poll_must_move(world: World) -> None:
    steps = {name for name, _ in world.service.poller().steps} | {"due_reads"}
    assert steps == {one.name for one in MUST_MOVE if one.step}

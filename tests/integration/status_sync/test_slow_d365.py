"""Due reads at a D365 that is slow, or fails now and then: each answer counts, and the rest is asked for again."""

from collections.abc import Sequence

import pytest

from case_shared.process.clock import SystemClock
from status_sync.app.read_due_cases import ReadDueCases
from status_sync.domain.due_reads import CaseKey, KeyKind
from tests.integration.status_sync.conftest import World
from tests.integration.status_sync.test_due_reads import by_case_id, notify
from tests.support.patience import PATIENCE

# D365 answers one request within the time-out, but not two.
TIMEOUT_SECONDS, ANSWER_SECONDS = 2.0 * PATIENCE, 1.2 * PATIENCE


def reader(world: World) -> ReadDueCases:
    service = world.service
    return ReadDueCases(
        service.due_reads, service.d365, service.apply_read(), TIMEOUT_SECONDS, lambda: None, SystemClock()
    )


async def misses(world: World) -> dict[str, int]:
    """What is due, and how many of its reads found nothing."""
    async with world.database.connect() as connection:
        return {row["key"]: row["misses"] for row in await connection.fetch("SELECT * FROM status_sync.due_reads")}


async def created(world: World, kind: KeyKind, count: int) -> Sequence[CaseKey]:
    keys = []
    for _ in range(count):
        case = await world.submit()
        case_id = await world.create(case)
        keys.append(CaseKey("usmf", kind, case_id if kind is KeyKind.CASE_ID else case.web_case_id))
    return keys


@pytest.mark.parametrize("kind", list(KeyKind))
async def test_a_slow_d365_is_read_a_request_at_a_time(world: World, kind: KeyKind) -> None:
    await notify(world, *await created(world, kind, 20))
    await world.service.d365.probe(timeout=10)
    await world.requests()
    await world.d365.fault(kind="slow", operation="read", delay_seconds=ANSWER_SECONDS)

    assert await reader(world).handle(), "the rest is asked for at once"
    assert len(await world.due()) == 5
    assert not await reader(world).handle()

    assert await world.due() == []
    assert await world.requests() == 2, "none is begun for which no time is left"
    assert all(row["read_began_at"] for row in await world.rows())


async def test_what_d365_has_not_answered_for_is_not_missing(world: World) -> None:
    absent = [by_case_id(f"C-NOT-{number}") for number in range(15)]
    await notify(world, *absent)
    there = await created(world, KeyKind.CASE_ID, 5)
    await notify(world, *there)
    await world.service.d365.probe(timeout=10)
    await world.d365.fault(kind="slow", operation="read", delay_seconds=ANSWER_SECONDS)

    await reader(world).handle()

    assert await misses(world) == {key.key: 1 for key in absent} | {key.key: 0 for key in there}

"""Due reads at a D365 that is slow, or fails now and then: each answer counts, and the rest is asked for again."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, cast

import pytest

from case_shared.d365.client import D365Client
from case_shared.d365.errors import D365TransientError
from case_shared.process.clock import SystemClock
from status_sync.app.find_absent import FindAbsent
from status_sync.app.read_due_cases import ReadDueCases
from status_sync.domain.due_reads import CaseKey, KeyKind
from tests.integration.status_sync.conftest import Submitted, World
from tests.integration.status_sync.test_due_reads import by_case_id, notify
from tests.support.nightly import at_night
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


@pytest.mark.parametrize("kind", [KeyKind.CASE_ID, *at_night(KeyKind.WEB_CASE_ID)])
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


async def read_once(world: World, count: int) -> list[tuple[Submitted, str]]:
    """Cases that D365 has shown, each with its Case ID."""
    cases = [await world.submit() for _ in range(count)]
    case_ids = [await world.create(case) for case in cases]
    await notify(world, *map(by_case_id, case_ids))
    await world.read_due()
    assert await world.due() == []
    return list(zip(cases, case_ids, strict=True))


async def test_what_was_found_does_not_wait_for_the_search_for_a_deleted_case(world: World) -> None:
    (gone, gone_id), *others = await read_once(world, 3)
    await world.d365.delete("usmf", gone_id)
    await notify(world, by_case_id(gone_id), by_case_id("C-NEW"), *(by_case_id(case_id) for _, case_id in others))
    # The search in all legal entities goes by Web Case ID.
    await world.d365.fault(kind="status", status=503, operation="read", text=gone.web_case_id)

    assert await world.read_due()

    assert await misses(world) == {gone_id: 0, "C-NEW": 1}
    with pytest.raises(D365TransientError):
        await world.read_due()
    await world.d365.control("DELETE", "/faults")
    await world.read_due()
    assert gone_id not in await misses(world)
    assert (await world.row(gone.web_case_id))["deleted_in_d365_at"] is not None


async def test_a_search_that_d365_refuses_delays_no_other(world: World) -> None:
    (refused, refused_id), (gone, gone_id), (_, there_id) = await read_once(world, 3)
    for case_id in (refused_id, gone_id):
        await world.d365.delete("usmf", case_id)
    await notify(world, *map(by_case_id, (refused_id, gone_id, there_id)))
    await world.d365.fault(kind="status", status=400, operation="read", text=refused.web_case_id)

    await world.read_due()

    assert await misses(world) == {refused_id: 0}
    assert (await world.row(gone.web_case_id))["deleted_in_d365_at"] is not None
    assert (await world.row(refused.web_case_id))["deleted_in_d365_at"] is None


@dataclass
class Recorded:
    """D365's reads, and the beats between them."""

    d365: D365Client
    seen: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def read(*args: Any, **options: Any) -> Any:
            self.seen.append("asked")
            return await getattr(self.d365, name)(*args, **options)

        return read


async def test_a_turn_beats_after_each_part_and_while_it_looks_for_what_is_gone(world: World) -> None:
    """The limit of a beat is two time-outs and a minute, whatever a legal entity has due."""
    cases = await read_once(world, 20)
    for _, case_id in cases[1:]:
        await world.d365.delete("usmf", case_id)
    await notify(world, *(by_case_id(case_id) for _, case_id in cases), *(by_case_id(f"C-{n}") for n in range(250)))
    service, d365 = world.service, Recorded(world.service.d365)
    reads = cast("D365Client", d365)
    find_absent = FindAbsent(service.due_reads, reads, service.apply_read(), 30, service.doubts)
    due = ReadDueCases(
        service.due_reads,
        reads,
        service.apply_read(),
        30,
        lambda: d365.seen.append("beat"),
        SystemClock(),
        find_absent=find_absent,
    )

    await due.handle()

    assert d365.seen.count("asked") >= 3 + 2 * 3
    between = [len(list(asked)) for what, asked in groupby(d365.seen) if what == "asked"]
    assert max(between) <= 2
    assert d365.seen[-1] == "beat"

# ruff: noqa: ASYNC109 - D365Client's signatures
"""Due reads: notifications, reads, and the resulting case, whatever the order."""

import asyncio
import contextlib
import itertools
import random
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from case_shared.d365.client import D365Client
from case_shared.d365.errors import D365TransientError, D365Unavailable
from case_shared.d365.models import D365Case, LookUpAnswer
from case_shared.process.clock import SystemClock
from status_sync.app.read_due_cases import ReadDueCases
from status_sync.domain.due_reads import CaseKey, KeyKind
from tests.integration.status_sync.conftest import World


def by_case_id(case_id: str) -> CaseKey:
    return CaseKey("usmf", KeyKind.CASE_ID, case_id)


async def notify(world: World, *keys: CaseKey) -> None:
    async with world.pool.acquire() as connection, connection.transaction():
        await world.service.due_reads.make_due(connection, sorted(set(keys)))


async def test_a_notification_brings_d365s_status_whole(world: World) -> None:
    case = await world.submit()
    case_id = await world.create(case, Priority="High", Description="Leaks")
    await world.d365.move("usmf", case_id, "InProcess")
    before = await world.now()
    await notify(world, by_case_id(case_id))
    await world.read_due()

    row = await world.row(case.web_case_id)
    assert (row["case_id"], row["status"], row["d365_status"]) == (case_id, "in_process", "InProcess")
    assert (row["d365_priority"], row["d365_description"], row["d365_category"]) == ("High", "Leaks", "Breakdown")
    assert before < row["status_as_of"] == row["read_began_at"] < await world.now()
    assert await world.due() == []
    (event,) = await world.events()
    assert (event["web_case_id"], event["case_id"], event["dealer"]) == (case.web_case_id, case_id, "usmf-us-001")
    assert (event["status"], event["submission_id"]) == ("in_process", str(case.submission_id))


async def test_an_event_by_web_case_id_will_do(world: World) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    await notify(world, CaseKey("usmf", KeyKind.WEB_CASE_ID, case.web_case_id.lower()))
    await world.read_due()
    assert (await world.row(case.web_case_id))["case_id"] == case_id
    assert await world.due() == []


async def test_what_has_not_changed_is_not_published_again(world: World) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    for _ in range(3):
        await notify(world, by_case_id(case_id))
        await world.read_due()
    assert len(await world.events()) == 1


async def test_each_status_is_noted_once_whatever_else_changes(world: World) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    apply_read, found = world.service.apply_read(), await world.found(case_id)
    earlier = await world.now()
    for status in ("None", "None", "InProcess", "Escalated", "Planned", "Opened", "InProcess", "Closed"):
        for description in ("one", "two"):
            shown = found.model_copy(update={"status": status, "description": description})
            await apply_read.handle(await world.now(), [shown])
    await apply_read.handle(earlier, [found.model_copy(update={"status": "Canceled"})])
    assert await world.statuses() == ["submitted", "in_process", "open", "in_process", "closed"]
    async with world.database.connect() as connection:
        latest = await connection.fetchrow("SELECT * FROM status_sync.status_changes ORDER BY as_of DESC LIMIT 1")
    assert latest is not None
    assert (latest["web_case_id"], latest["d365_status"]) == (case.web_case_id, "Closed")


async def test_an_unknown_status_keeps_the_last_one_and_stores_the_symbol(world: World) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    await world.d365.move("usmf", case_id, "InProcess")
    found = await world.found(case_id)
    apply_read = world.service.apply_read()
    await apply_read.handle(await world.now(), [found])
    await apply_read.handle(await world.now(), [found.model_copy(update={"status": "Escalated"})])
    row = await world.row(case.web_case_id)
    assert (row["status"], row["d365_status"]) == ("in_process", "Escalated")
    assert (await world.events())[-1]["d365_status"] == "Escalated"


async def test_a_hundred_events_cost_d365_a_few_requests(world: World) -> None:
    cases = [await world.submit() for _ in range(100)]
    case_ids = [await world.create(case) for case in cases]
    await world.service.d365.probe(timeout=5)
    await world.requests()
    await notify(world, *map(by_case_id, case_ids[:50]))
    await notify(world, *(CaseKey("usmf", KeyKind.WEB_CASE_ID, case.web_case_id) for case in cases[50:]))
    await world.read_due()
    assert await world.requests() <= 8
    assert {row["case_id"] for row in await world.rows()} == set(case_ids)


async def test_events_that_name_both_numbers_in_turn_share_requests(world: World) -> None:
    cases = [await world.submit() for _ in range(10)]
    case_ids = [await world.create(case) for case in cases]
    for number, (case, case_id) in enumerate(zip(cases, case_ids, strict=True)):
        key = CaseKey("usmf", KeyKind.WEB_CASE_ID, case.web_case_id) if number % 2 else by_case_id(case_id)
        await notify(world, key)
    await world.service.d365.probe(timeout=5)
    await world.requests()

    await world.read_due()

    assert await world.requests() == 2
    assert {row["case_id"] for row in await world.rows()} == set(case_ids)


async def test_a_notification_during_a_read_makes_the_case_due_again(world: World) -> None:
    case_id = await world.create(await world.submit())
    await notify(world, by_case_id(case_id))
    taken = await world.service.due_reads.take(10)
    await notify(world, by_case_id(case_id))
    await world.service.due_reads.settle(taken.due, [])
    assert await world.due() == [("usmf", "case_id", case_id)]
    again = await world.service.due_reads.take(10)
    await world.service.due_reads.settle(again.due, [])
    assert await world.due() == []


async def test_what_d365_does_not_show_yet_is_tried_again_and_given_up_in_the_end(world: World) -> None:
    await notify(world, by_case_id("C-NOT-THERE"))
    tries = 0
    while await world.due():
        tries += 1
        assert tries < 20
        before = await world.now()
        await world.read_due()
        async with world.database.connect() as connection:
            due_at = await connection.fetchval("SELECT max(due_at) FROM status_sync.due_reads")
            if due_at is not None:
                wait = timedelta(seconds=2 ** (tries - 1))
                assert before + wait < due_at < await world.now() + wait
            await connection.execute("UPDATE status_sync.due_reads SET due_at = now()")
    assert tries == 7


async def test_an_outage_of_d365_loses_nothing(world: World) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    await notify(world, by_case_id(case_id))
    await world.d365.fault(kind="status", status=503, operation="read")
    for _ in range(3):
        with pytest.raises(D365TransientError):
            await world.read_due()
    assert await world.due() == [("usmf", "case_id", case_id)]
    await world.d365.control("DELETE", "/faults")
    await world.read_due()
    assert (await world.row(case.web_case_id))["case_id"] == case_id


async def test_what_d365_refuses_to_be_asked_delays_no_other_legal_entity(world: World) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    await notify(world, by_case_id(case_id), CaseKey("demf", KeyKind.CASE_ID, "C-1"))
    await world.d365.fault(kind="status", status=403, operation="read", data_area_id="demf")
    await world.read_due()
    assert (await world.row(case.web_case_id))["case_id"] == case_id
    assert await world.due() == [("demf", "case_id", "C-1")]


async def test_a_read_that_began_earlier_and_ends_later_changes_nothing(world: World) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    apply_read = world.service.apply_read()
    earlier, old = await world.now(), await world.found(case_id)
    await world.d365.move("usmf", case_id, "Closed")
    await apply_read.handle(await world.now(), [await world.found(case_id)])
    await apply_read.handle(earlier, [old])
    assert (await world.row(case.web_case_id))["status"] == "closed"


async def test_reads_and_notifications_in_any_order_end_equal_to_d365(world: World) -> None:
    draw = random.Random(7)
    case = await world.submit()
    case_id = await world.create(case)
    apply_read = world.service.apply_read()
    under_way = []
    statuses = itertools.cycle(["InProcess", "Planned", "None", "Closed", "InProcess", "Canceled"])
    for _ in range(30):
        match draw.randrange(3):
            case 0:
                await world.d365.move("usmf", case_id, next(statuses))
                await asyncio.gather(*(notify(world, by_case_id(case_id)) for _ in range(draw.randrange(3))))
            case 1:
                under_way.append((await world.now(), await world.found(case_id)))
            case _ if under_way:
                began_at, found = under_way.pop(draw.randrange(len(under_way)))
                await apply_read.handle(began_at, [found])
                await world.read_due()
            case _:
                pass
    await world.d365.move("usmf", case_id, "Planned")
    await notify(world, by_case_id(case_id))
    await world.read_due()
    for began_at, found in under_way:
        await apply_read.handle(began_at, [found, found])
    assert (await world.row(case.web_case_id))["status"] == "open"
    sent_statuses = [event["status"] for event in await world.events()]
    assert sent_statuses[-1] == "open"


class ManualClock(SystemClock):
    """A clock that a test sets."""

    seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds


class UnresponsiveFor:
    """D365's reads, which fail for some legal entities; records the requested ones."""

    def __init__(self, d365: D365Client, *unresponsive: str) -> None:
        self.d365, self.unresponsive, self.asked = d365, set(unresponsive), list[str]()

    async def read_cases_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], *, timeout: float
    ) -> tuple[D365Case, ...]:
        self.asked.append(data_area_id)
        if data_area_id in self.unresponsive:
            raise D365Unavailable(f"503 for {data_area_id}")
        return await self.d365.read_cases_by_case_id(data_area_id, case_ids, timeout=timeout)

    async def find_by_web_case_id(
        self, data_area_id: str, web_case_ids: Collection[str], *, control_case_ids: Sequence[str], timeout: float
    ) -> LookUpAnswer:
        return await self.d365.find_by_web_case_id(
            data_area_id, web_case_ids, control_case_ids=control_case_ids, timeout=timeout
        )


def reader(world: World, d365: UnresponsiveFor, limit: int = 400) -> tuple[ReadDueCases, ManualClock]:
    clock, service = ManualClock(), world.service
    return ReadDueCases(service.due_reads, d365, service.apply_read(), 5, lambda: None, clock, limit), clock


async def test_a_legal_entity_that_d365_does_not_answer_for_delays_no_other(world: World) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    await notify(world, by_case_id(case_id), CaseKey("aaaa", KeyKind.CASE_ID, "C-1"))
    d365 = UnresponsiveFor(world.service.d365, "aaaa")
    due, clock = reader(world, d365)
    await due.handle()
    assert (await world.row(case.web_case_id))["case_id"] == case_id
    assert await world.due() == [("aaaa", "case_id", "C-1")]
    await due.handle()
    assert d365.asked == ["aaaa", "usmf"]  # skipped for a while
    clock.seconds += 8
    d365.unresponsive.clear()
    await due.handle()
    assert d365.asked == ["aaaa", "usmf", "aaaa"]


async def test_d365_as_a_whole_is_asked_twice_and_by_turns(world: World) -> None:
    areas = ("aaaa", "bbbb", "cccc", "dddd")
    await notify(world, *(CaseKey(area, KeyKind.CASE_ID, "C-1") for area in areas))
    d365 = UnresponsiveFor(world.service.d365, "aaaa", "bbbb", "cccc")
    due, clock = reader(world, d365)
    with pytest.raises(D365TransientError):
        await due.handle()
    assert d365.asked == ["aaaa", "bbbb"]
    clock.seconds += 1
    with contextlib.suppress(D365TransientError):
        await due.handle()
    assert d365.asked[2:4] == ["cccc", "dddd"]


async def test_the_backlog_of_one_legal_entity_stands_before_nobody_else(world: World) -> None:
    await notify(world, *(CaseKey("demf", KeyKind.CASE_ID, f"C-{number}") for number in range(5)))
    case_id = await world.create(await world.submit())
    await notify(world, by_case_id(case_id))
    due, _ = reader(world, UnresponsiveFor(world.service.d365), limit=2)
    assert await due.handle()
    assert ("usmf", "case_id", case_id) not in await world.due()


async def test_a_key_that_d365_refuses_to_be_asked_for_delays_no_other(world: World) -> None:
    case_ids = [await world.create(await world.submit()) for _ in range(20)]
    await notify(world, *map(by_case_id, case_ids), by_case_id("C-POISON"))
    await world.d365.fault(kind="status", status=400, operation="read", text="C-POISON")
    await world.service.d365.probe(timeout=5)
    await world.requests()
    await world.read_due()
    assert await world.due() == [("usmf", "case_id", "C-POISON")]
    assert {row["case_id"] for row in await world.rows()} == set(case_ids)
    assert await world.requests() <= 12


async def waits(world: World) -> dict[str, tuple[int, float]]:
    """What is due, by key: how often it found nothing, and in how many seconds it is due."""
    async with world.database.connect() as connection:
        rows = await connection.fetch(
            "SELECT key, misses, extract(epoch FROM due_at - now())::float8 AS s FROM status_sync.due_reads"
        )
    return {row["key"]: (row["misses"], row["s"]) for row in rows}


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "not_json"}, {"kind": "drop"}], ids=str)
async def test_a_row_that_d365_cannot_write_delays_no_other(world: World, fault: dict[str, Any]) -> None:
    """OData/WebApi#2704, OData/AspNetCoreOData#867: every read whose rows include it fails, and all others work."""
    poison, *case_ids = [await world.create(await world.submit()) for _ in range(20)]
    await notify(world, by_case_id(poison))
    await notify(world, *map(by_case_id, case_ids))
    await world.d365.fault(**fault, operation="read", text=poison)
    await world.service.d365.probe(timeout=5)
    await world.requests()

    with capture_logs() as logs:
        await world.read_due()

    assert {row["case_id"] for row in await world.rows() if row["case_id"]} == set(case_ids)
    # aiohttp asks once more by itself if a connection breaks.
    assert await world.requests() <= 2 * (2 + 8)
    [(key, (misses, seconds))] = (await waits(world)).items()
    assert (key, misses) == (poison, 1)
    assert 2 < seconds <= 5
    [error] = [line for line in logs if line["log_level"] == "error"]
    assert (error["event"], error["keys"]) == ("due_reads_unreadable", [poison])
    assert error["client_request_id"], "Microsoft's support finds the request by it"

    # It waits longer each time, and alone it keeps nobody else from being read.
    async with world.database.connect() as connection:
        await connection.execute("UPDATE status_sync.due_reads SET due_at = now()")
    assert not await world.read_due()
    assert 7 < (await waits(world))[poison][1] <= 10
    await world.d365.control("DELETE", "/faults")
    async with world.database.connect() as connection:
        await connection.execute("UPDATE status_sync.due_reads SET due_at = now()")
    await world.read_due()
    assert await world.due() == []


async def test_keys_that_match_everything_are_dropped_and_their_neighbours_are_read(world: World) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    await world.requests()
    # Stored as by an earlier version.
    await notify(world, *(CaseKey("usmf", kind, key) for kind in KeyKind for key in ("*", "CASE-0*", "a\x7fb")))
    await notify(world, CaseKey("*", KeyKind.CASE_ID, "CASE-000001"), by_case_id(case_id))

    await world.read_due()

    assert await world.due() == []
    assert (await world.row(case.web_case_id))["case_id"] == case_id
    assert await world.requests() == 1

"""D365 was restored and has lost a case: what it showed of it before is forgotten, until it gets the case again."""

import asyncio
from typing import Any

import pytest

from case_shared.words.events import CaseDelivery, SubmissionState
from status_sync.domain.due_reads import CaseKey, KeyKind
from tests.integration.status_sync.conftest import Submitted, World
from tests.integration.status_sync.test_consumers import delivery, note_deliveries
from tests.support.eventually import eventually
from tests.support.submissions import store_document

S = SubmissionState
# What D365 shows, and what of it a case has that D365 has never shown.
FACTS = (
    "case_id", "d365_status", "d365_status_mapped", "status_as_of", "d365_category", "d365_category_type",
    "d365_priority", "d365_description", "d365_modified_at", "moved_at", "deleted_in_d365_at", "case_id_reused_at",
)  # fmt: skip
OTHER = {"CustomerAccount": "US-002", "Description": "for the second dealer alone"}


async def in_process(world: World) -> tuple[Submitted, str]:
    """A case that D365 has shown as `in_process`, and another one, which stays there as a control."""
    await world.step("dealers")
    case, control = await world.submit(), await world.submit()
    ids = [await world.create(one, CaseStatus="InProcess", Description="As D365 had it") for one in (case, control)]
    await note_deliveries(world, delivery(case, ids[0]), delivery(control, ids[1]))
    await world.read_due()
    assert (await world.row(case.web_case_id))["status"] == "in_process"
    return case, ids[0]


def lost(case: Submitted, revision: int = 4) -> CaseDelivery:
    found = delivery(case, None, S.PENDING, revision)
    return found.model_copy(update={"cause": "lost_in_d365"})


async def read_due(world: World) -> None:
    async with world.database.connect() as connection:
        await connection.execute("UPDATE status_sync.due_reads SET due_at = now()")
    await world.read_due()


async def facts(world: World, case: Submitted) -> list[Any]:
    row = await world.row(case.web_case_id)
    return [row["status"], *(row[name] for name in FACTS)]


NOTHING = ["submitted", *[None for _ in FACTS]]


async def test_a_lost_case_shows_nothing_of_what_d365_had(world: World) -> None:
    case, old = await in_process(world)
    await world.d365.delete("usmf", old)
    before = await world.row(case.web_case_id)
    events = len(await world.events())

    await note_deliveries(world, lost(case))

    assert await facts(world, case) == NOTHING
    row = await world.row(case.web_case_id)
    assert (row["named_in_d365"], row["read_began_at"] > before["read_began_at"]) == (False, True)
    (event,) = (await world.events())[events:]
    found = [event[name] for name in ("web_case_id", "case_id", "submission_id", "status", "d365_status")]
    assert found == [case.web_case_id, old, None, "submitted", None]
    # The number is read all the same, but is no longer the case's: nobody is advised to submit a copy.
    assert ("usmf", "case_id", old) in await world.due()
    await read_due(world)
    await note_deliveries(world, delivery(case, None, S.FAILED, 6))
    assert await facts(world, case) == NOTHING
    assert len(await world.events()) == events + 1


async def test_a_lost_case_that_a_read_has_found_deleted_is_waiting_again(world: World) -> None:
    case, old = await in_process(world)
    await world.d365.delete("usmf", old)
    await store_document(world.database, lost(case))
    await world.step("cases")
    await world.service.due_reads.make_due_now([CaseKey("usmf", KeyKind.CASE_ID, old)])
    await world.read_due()
    assert (await world.row(case.web_case_id))["deleted_in_d365_at"] is not None
    # Kafka has lost the record of the loss: the next one says nothing of it.
    await note_deliveries(world, delivery(case, None, S.DELIVERING, 5))
    assert await facts(world, case) == NOTHING
    # Whoever keeps the newest by its time keeps this one: the read began after the loss.
    times = [event["status_as_of"] for event in await world.events() if event["web_case_id"] == case.web_case_id]
    assert times == sorted(set(times)), "each is an event of its own"


async def test_a_loss_waits_for_a_read_that_is_stored_before_it_makes_anything_due(world: World) -> None:
    case, old = await in_process(world)
    await store_document(world.database, lost(case))
    service = world.service
    async with world.pool.acquire() as reading, world.database.connect() as watcher:
        transaction = reading.transaction()
        await transaction.start()
        await service.cases.lock(reading)
        noting = asyncio.create_task(note_deliveries(world, lost(case)))
        waiting = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        await eventually(lambda: watcher.fetchval(f"{waiting} AND datname = current_database()"))
        # What a read does that finds another case in its place.
        await reading.execute("SET LOCAL lock_timeout = '2s'")
        await service.due_reads.make_due(reading, [CaseKey("usmf", KeyKind.CASE_ID, old)])
        await transaction.commit()
    await noting
    assert await facts(world, case) == NOTHING


async def test_a_loss_and_a_delivery_in_one_batch_wait_for_events_of_both_cases(world: World) -> None:
    """A batch of events takes its locks in the order of the keys, and does not take the read model's."""
    lost_case, old = await in_process(world)
    delivered = await world.submit()
    case_id = await world.create(delivered, CaseId="C-000001")
    first, second = (CaseKey("usmf", KeyKind.CASE_ID, number) for number in (case_id, old))
    assert first < second
    due_reads = world.service.due_reads
    await due_reads.make_due_now([first, second])
    async with world.pool.acquire() as events, world.database.connect() as watcher:
        transaction = events.transaction()
        await transaction.start()
        await due_reads.make_due(events, [first])
        noting = asyncio.create_task(note_deliveries(world, lost(lost_case), delivery(delivered, case_id)))
        waiting = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        await eventually(lambda: watcher.fetchval(f"{waiting} AND datname = current_database()"))
        await events.execute("SET LOCAL lock_timeout = '2s'")
        await due_reads.make_due(events, [second])
        await transaction.commit()
    await noting
    assert await facts(world, lost_case) == NOTHING


async def test_a_lost_case_whose_number_another_case_has_now_waits_without_it(world: World) -> None:
    case, old = await in_process(world)
    await world.d365.delete("usmf", old)
    await world.create(None, CaseId=old, CaseStatus="Closed", **OTHER)
    await note_deliveries(world, lost(case))
    await read_due(world)
    assert await facts(world, case) == NOTHING
    theirs = [row for row in await world.rows() if row["case_id"] == old]
    assert [(row["dealer"], row["status"]) for row in theirs] == [("usmf-us-002", "closed")]


@pytest.mark.parametrize("at_once", [False, True])
async def test_the_number_that_a_lost_case_gets_is_not_one_that_d365_has_shown(world: World, *, at_once: bool) -> None:
    case, old = await in_process(world)
    await world.d365.delete("usmf", old)
    records = [lost(case), delivery(case, "C-TOO-NEW", revision=6)]
    for batch in [records] if at_once else [[one] for one in records]:
        await note_deliveries(world, *batch)
    await world.read_due()
    # D365's answer may lag behind the POST.
    assert await facts(world, case) == ["submitted", "C-TOO-NEW", *NOTHING[2:]]
    await world.create(case, CaseId="C-TOO-NEW", CaseStatus="Planned")
    await read_due(world)
    row = await world.row(case.web_case_id)
    assert (row["case_id"], row["status"], row["deleted_in_d365_at"]) == ("C-TOO-NEW", "open", None)
    assert await world.statuses(case.web_case_id) == ["in_process", "open"]


async def test_a_case_that_was_delivered_and_lost_before_any_read_has_no_number(world: World) -> None:
    case = await world.submit()
    await note_deliveries(world, delivery(case, "C-1"))
    await note_deliveries(world, lost(case))
    assert await facts(world, case) == NOTHING


async def _fails(*_: Any) -> None:
    raise ConnectionResetError


async def test_a_loss_that_kafka_never_brought_is_forgotten(world: World) -> None:
    case, _ = await in_process(world)
    await store_document(world.database, lost(case))
    async with world.database.connect() as connection:
        await connection.execute(
            "INSERT INTO d365_sync.d365_restores (since, dry_run, actor, reason) VALUES (now(), false, 'o', 'r')"
        )
    cases = world.service.cases
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(cases), "find_unlinked", _fails)
        with pytest.raises(ConnectionResetError):
            await world.upkeep()
    await world.upkeep()  # what failed is due again at once
    assert await facts(world, case) == NOTHING


async def test_a_case_whose_number_a_lost_one_still_had_is_linked_after_all(world: World) -> None:
    """D365 gave a number again, and lost the case before anybody had read it: no read shows whose it is."""
    lost_case, number = await in_process(world)
    await world.d365.delete("usmf", number)
    again = await world.submit()
    await note_deliveries(world, delivery(again, number))
    assert (await world.row(again.web_case_id))["case_id"] is None
    await read_due(world)
    assert (await world.row(lost_case.web_case_id))["deleted_in_d365_at"] is not None
    async with world.database.connect() as connection:
        await connection.execute("UPDATE d365_sync.documents SET changed_at = now() - interval '11 minutes'")
    await world.upkeep()
    assert (await world.row(again.web_case_id))["case_id"] == number


async def test_a_read_from_before_the_loss_does_not_count(world: World) -> None:
    case, old = await in_process(world)
    began_at, found = await world.now(), await world.found(old)
    await note_deliveries(world, lost(case))
    await world.service.apply_read().handle(began_at, [found])
    assert await facts(world, case) == NOTHING


async def test_what_d365_has_shown_since_the_loss_stays(world: World) -> None:
    case, old = await in_process(world)
    await store_document(world.database, lost(case))
    await world.d365.move("usmf", old, "Closed")
    await world.step("cases")
    await note_deliveries(world, delivery(case, None, S.DELIVERING, 5))
    assert (await facts(world, case))[:2] == ["closed", old]


async def test_a_case_that_was_there_after_all_keeps_what_it_shows(world: World) -> None:
    case, old = await in_process(world)
    for revision in (5, 6):
        await note_deliveries(world, lost(case, revision), delivery(case, old, revision=7))
    assert (await facts(world, case))[:2] == ["in_process", old]


async def test_a_staff_typed_case_without_a_web_case_id_takes_the_place_of_a_lost_one(world: World) -> None:
    case, old = await in_process(world)
    await world.d365.delete("usmf", old)
    await note_deliveries(world, lost(case))
    typed = await world.create(None, CaseStatus="Planned")
    await note_deliveries(world, delivery(case, typed, revision=6, cause="linked"))
    await world.read_due()
    assert (await facts(world, case))[:2] == ["open", typed]

"""What status-sync makes of records: of D365's as they come, and of deliveries."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson

from case_shared.events import CaseDelivery, Record, SubmissionState
from case_shared.identifiers import new_web_case_id
from status_sync.app.note_deliveries import NoteDeliveries
from status_sync.app.note_events import NoteEvents
from status_sync.domain.recognition import Recognition
from tests.integration.status_sync.conftest import Submitted, World


@dataclass
class Raw:
    """A record as a consumer sees it."""

    value: bytes | None
    offset: int
    topic: str = "d365.case-events.v1"
    partition: int = 0
    timestamp: int = 1_700_000_000_000
    key: bytes | None = None
    headers: Any = ()


def event(**fields: Any) -> bytes:
    return orjson.dumps(
        {"BusinessEventId": "CaseStatusChangedBusinessEvent", "BusinessEventLegalEntity": "USMF", **fields}
    )


async def note_events(world: World, *values: bytes | None) -> None:
    service = world.service
    use_case = NoteEvents(world.pool, service.due_reads, Recognition(service.mapping), "group", service.due)
    await use_case.handle([Raw(value, offset) for offset, value in enumerate(values)])


async def note_deliveries(world: World, *deliveries: CaseDelivery) -> None:
    service = world.service
    use_case = NoteDeliveries(world.pool, service.cases, service.due_reads, "group", service.due)
    records = [Record.of(one, source="test", time=datetime.now(UTC), traceparent=None) for one in deliveries]
    await use_case.handle(
        [Raw(one.value, offset, topic=one.topic, headers=one.headers) for offset, one in enumerate(records)]
    )


def delivery(
    case: Submitted, case_id: str | None, state: SubmissionState = SubmissionState.DELIVERED, revision: int = 3
) -> CaseDelivery:
    return CaseDelivery(
        web_case_id=case.web_case_id,
        submission_no=1,
        submission_id=case.submission_id,
        revision=revision,
        state=state,
        case_id=case_id,
        occurred_at=datetime.now(UTC),
    )


async def unreadable(world: World) -> list[tuple[int, str]]:
    async with world.database.connect() as connection:
        rows = await connection.fetch("SELECT record_offset, cause FROM d365_sync.unreadable_records ORDER BY 1")
        return [tuple(row) for row in rows]


async def test_a_batch_rings_once_for_each_case_and_keeps_what_it_cannot_read(world: World) -> None:
    await note_events(
        world,
        event(CaseId="C-2", CaseStatus="InProcess"),
        None,
        event(CaseId="C-1", WebCaseId="W000000001"),
        b"<html>",
        event(CaseId="C-2", CaseStatus="None"),
        event(WebCaseId="W000000002"),
        event(CustomerAccount="US-001"),
        b'{"CaseId": "C-9"}',
    )
    assert await world.due() == [
        ("usmf", "case_id", "C-1"),
        ("usmf", "case_id", "C-2"),
        ("usmf", "web_case_id", "W000000002"),
    ]
    causes = await unreadable(world)
    assert [offset for offset, _cause in causes] == [1, 3, 7]
    assert "BusinessEventId" in causes[2][1]


async def test_a_batch_that_comes_again_is_kept_once(world: World) -> None:
    for _ in range(2):
        await note_events(world, event(CaseId="C-1"), None)
    assert await world.due() == [("usmf", "case_id", "C-1")]
    assert len(await unreadable(world)) == 1


async def test_a_delivered_case_has_its_case_id_at_once_and_is_due(world: World) -> None:
    case, other = await world.submit(), await world.submit()
    case_id = await world.create(case)
    await note_deliveries(
        world, delivery(other, None, SubmissionState.VERIFYING), delivery(case, case_id), delivery(case, case_id)
    )
    row = await world.row(case.web_case_id)
    assert (row["case_id"], row["status"], row["read_began_at"]) == (case_id, "submitted", None)
    assert await world.due() == [("usmf", "case_id", case_id)]
    await world.read_due()
    assert [event["submission_id"] for event in await world.events()] == [str(case.submission_id)]
    assert (await world.row(other.web_case_id))["case_id"] is None


async def test_linking_to_a_case_born_in_d365_makes_one_row(world: World) -> None:
    case_id = await world.create(None, CaseStatus="Planned")
    for name in ("dealers", "cases"):
        await world.step(name)
    case = await world.submit()
    await note_deliveries(world, delivery(case, case_id))
    assert [row["web_case_id"] for row in await world.rows() if row["case_id"] == case_id] == [case.web_case_id]
    await world.read_due()
    await world.step("cases")
    assert [(row["web_case_id"], row["status"]) for row in await world.rows() if row["case_id"] == case_id] == [
        (case.web_case_id, "open")
    ]
    assert set(await world.statuses(case.web_case_id)) == {"open"}


async def test_a_read_from_before_the_linked_case_was_last_read_does_not_count(world: World) -> None:
    case_id = await world.create(None)
    await world.step("dealers")
    earlier, old = await world.now(), await world.found(case_id)
    await world.d365.move("usmf", case_id, "Closed")
    await world.step("cases")
    case = await world.submit()
    await note_deliveries(world, delivery(case, case_id))
    await world.service.apply_read().handle(earlier, [old])
    assert (await world.row(case.web_case_id))["d365_status"] is None  # not D365's old one
    await world.read_due()
    assert [(event["web_case_id"], event["status"]) for event in await world.events()][-1] == (
        case.web_case_id,
        "closed",
    )


async def test_a_case_id_that_is_taken_or_another_is_not_written(world: World) -> None:
    case, other = await world.submit(), await world.submit()
    await note_deliveries(world, delivery(case, "C-1"))
    await note_deliveries(world, delivery(other, "C-1"), delivery(case, "C-2", revision=4))
    assert {row["web_case_id"]: row["case_id"] for row in await world.rows()} == {
        case.web_case_id: "C-1",
        other.web_case_id: None,
    }
    assert await unreadable(world) == []


async def test_a_delivery_of_a_case_that_is_not_there_is_passed_over(world: World) -> None:
    await note_deliveries(world, delivery(Submitted(new_web_case_id(), uuid4()), "C-1"))
    assert await world.due() == []

"""How status-sync handles records: D365's events as they come, and deliveries."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from prometheus_client import REGISTRY

from case_shared.words.errors import Flooded
from case_shared.words.events import CaseDelivery, Record, SubmissionState
from case_shared.words.identifiers import new_web_case_id
from status_sync.app.note_deliveries import NoteDeliveries
from status_sync.app.note_events import NoteEvents
from status_sync.app.receive_events import MAX_EVENTS
from status_sync.domain.recognition import Recognition
from status_sync.postgres.event_notes import EventNoteStore
from tests.integration.status_sync.conftest import Submitted, World
from tests.support.clocks import HandClock
from tests.support.eventually import eventually
from tests.support.submissions import store_document


@dataclass
class Raw:
    """A record as a consumer receives it."""

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
    await use_case(world).handle([Raw(value, offset) for offset, value in enumerate(values)])


def use_case(world: World) -> NoteEvents:
    service = world.service
    recognition = Recognition(service.mapping, [world.d365.url])
    # One minute, however long the test takes: strangers are limited per minute.
    return NoteEvents(world.pool, service.due_reads, EventNoteStore(), recognition, "group", service.due, HandClock())


async def note_deliveries(world: World, *deliveries: CaseDelivery) -> None:
    for one in deliveries:
        await store_document(world.database, one)
    await note_delivery_records(world, *deliveries)


async def note_delivery_records(world: World, *deliveries: CaseDelivery) -> None:
    service = world.service
    parts = (service.cases, service.forget_lost, service.link_delivered, service.due_reads)
    use_case = NoteDeliveries(world.pool, *parts, "group", service.due)
    records = [Record.of(one, source="test", time=datetime.now(UTC), traceparent=None) for one in deliveries]
    await use_case.handle(
        [Raw(one.value, offset, topic=one.topic, headers=one.headers) for offset, one in enumerate(records)]
    )


def delivery(
    case: Submitted,
    case_id: str | None,
    state: SubmissionState = SubmissionState.DELIVERED,
    revision: int = 3,
    cause: str | None = None,
) -> CaseDelivery:
    return CaseDelivery(
        web_case_id=case.web_case_id,
        submission_no=1,
        submission_id=case.submission_id,
        revision=revision,
        state=state,
        case_id=case_id,
        cause=cause,
        occurred_at=datetime.now(UTC),
    )


async def tried(world: World) -> int:
    """How often what is due has been read without result: retries are due after a second, after two, and so on."""
    async with world.database.connect() as connection:
        return int(await connection.fetchval("SELECT max(misses) FROM status_sync.due_reads"))


async def unreadable(world: World) -> list[tuple[int, str]]:
    async with world.database.connect() as connection:
        rows = await connection.fetch("SELECT record_offset, cause FROM d365_sync.unreadable_records ORDER BY 1")
        return [tuple(row) for row in rows]


async def test_a_batch_rings_once_for_each_case_and_keeps_what_it_cannot_read(world: World) -> None:
    await world.step("dealers")
    ours, other = await world.submit(), await world.submit()
    await note_events(
        world,
        event(CaseId="C-2", CaseStatus="InProcess"),
        None,
        event(CaseId="C-1", WebCaseId=ours.web_case_id.lower()),
        b"<html>",
        event(CaseId="C-2", CaseStatus="None"),
        event(WebCaseId=other.web_case_id),
        event(CustomerAccount="US-001"),
        b'{"CaseId": "C-9"}',
    )
    assert await world.due() == [
        ("usmf", "case_id", "C-1"),
        ("usmf", "case_id", "C-2"),
        ("usmf", "web_case_id", other.web_case_id),
    ]
    causes = await unreadable(world)
    assert [offset for offset, _cause in causes] == [1, 3, 7]
    assert "BusinessEventId" in causes[2][1]


async def test_events_in_a_bundle_are_read_one_by_one(world: World) -> None:
    await world.step("dealers")
    bundle = [{"data": orjson.loads(event(CaseId=f"C-{number}"))} for number in (1, 2)]
    await note_events(world, orjson.dumps([bundle[0], None, {"data": {}}, bundle[1]]), b"[]", b"[", event(CaseId="C-3"))
    assert [key for _area, _kind, key in await world.due()] == ["C-1", "C-2", "C-3"]
    assert [offset for offset, _cause in await unreadable(world)] == [0, 1, 2]


async def kept(world: World) -> tuple[list[int], float]:
    """The offsets of unreadable records, and how many were counted as kept."""
    metric = {"topic": "d365.case-events.v1", "group": "group"}
    counted = REGISTRY.get_sample_value("casebridge_unreadable_records_total", metric) or 0.0
    return [offset for offset, _cause in await unreadable(world)], counted


@pytest.mark.parametrize(
    ("bundle", "cause"),
    [
        ([{}] * 300, "BusinessEventId"),
        ([orjson.loads(event(CaseId="C-1"))] * (MAX_EVENTS + 1), f"at most {MAX_EVENTS}"),
    ],
    ids=["events that cannot be read", "too many events"],
)
async def test_an_array_of_many_events_is_one_record(world: World, bundle: list[object], cause: str) -> None:
    """An Event Grid subscription without a filter: neither a flood, nor kept as often as it has events."""
    await world.step("dealers")
    _, before = await kept(world)

    await note_events(world, event(CaseId="C-2"), orjson.dumps(bundle), event(CaseId="C-3"))

    assert [key for _area, _kind, key in await world.due()] == ["C-2", "C-3"]
    assert await kept(world) == ([1], before + 1)
    assert cause in (await unreadable(world))[0][1]


async def test_arrays_of_which_nothing_can_be_read_are_a_flood(world: World) -> None:
    await world.step("dealers")
    consumer = use_case(world)
    some = orjson.dumps([{}, orjson.loads(event(CaseId="C-1"))])
    await consumer.handle([Raw(some, offset) for offset in range(150)])
    none = orjson.dumps([{}, {}])

    with pytest.raises(Flooded, match="of the last"):
        await consumer.handle([Raw(none, offset) for offset in range(150, 350)])

    assert (await kept(world))[0] == list(range(150))


async def test_strange_events_cost_d365_nothing(world: World) -> None:
    """Whatever arrives, and however much: D365 gets requests only about cases that can be a dealer's."""
    await world.step("dealers")
    case = await world.submit()
    await world.requests()
    consumer = use_case(world)
    other = {"EnvironmentUrl": "https://contoso-uat.operations.dynamics.com"}
    strange = [
        *(event(CaseId="*", WebCaseId=pattern) for pattern in ("*", "W*", "", "*" * 200)),
        event(CaseId="C-1", BusinessEventLegalEntity="*"),
        *(event(CaseId=f"C-{number}", BusinessEventLegalEntity=f"x{number % 90}") for number in range(2500)),
        *(event(CaseId=f"C-{number}", WebCaseId=new_web_case_id()) for number in range(2500)),
        *(event(CaseId=f"C-{number}", **other) for number in range(2500)),
        *(event(CaseId=f"STRANGE-{number % 2000}") for number in range(2500)),
        event(BusinessEventId="BusinessEventsTestEndpointContract", ControlNumber=-(2**63)),
    ]
    for start in range(0, len(strange), 1000):
        batch = enumerate(strange[start : start + 1000], start)
        await consumer.handle([Raw(value, offset) for offset, value in batch])
        await world.read_due()
    read, tries = await world.requests(), await tried(world)
    assert read <= 10 * tries, f"{read} requests in {tries} tries for {len(strange)} strange events"
    assert len(await world.due()) <= 100
    assert await unreadable(world) == []
    async with world.database.connect() as connection:
        rows = await connection.fetch("SELECT kind, count(*), sum(events) FROM status_sync.event_notes GROUP BY kind")
    assert {row[0]: (row[1], row[2] > 0) for row in rows} == {
        "unknown_legal_entity": (50, True),
        "foreign_web_case_id": (1, True),
        "other_environment": (1, True),
        "status": (1, True),
        "test": (1, True),
    }
    await consumer.handle([Raw(event(WebCaseId=case.web_case_id), len(strange))])
    assert ("usmf", "web_case_id", case.web_case_id) in await world.due()


async def test_an_event_from_another_legal_entity_reads_our_case_where_it_is(world: World) -> None:
    """D365 names the legal entity in which somebody worked, which may not be the case's, nor have a dealer."""
    await world.step("dealers")
    case = await world.submit()
    case_id = await world.create(case)
    await note_deliveries(world, delivery(case, case_id))
    await world.read_due()
    await world.d365.move("usmf", case_id, "InProcess")
    await note_events(world, event(CaseId=case_id, WebCaseId=case.web_case_id, BusinessEventLegalEntity="DAT"))
    assert await world.due() == [("usmf", "case_id", case_id)]
    await world.read_due()
    assert (await world.row(case.web_case_id))["status"] == "in_process"


async def test_a_case_born_in_d365_is_read_at_its_first_event(world: World) -> None:
    await world.step("dealers")
    case_id = await world.create(None, CaseStatus="Planned")
    await note_events(world, event(CaseId=case_id, WebCaseId=""))
    await world.read_due()
    assert [(row["case_id"], row["status"]) for row in await world.rows()] == [(case_id, "open")]


async def test_a_batch_that_comes_again_is_kept_once(world: World) -> None:
    await world.step("dealers")
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
    [born] = [row["web_case_id"] for row in await world.rows() if row["case_id"] == case_id]
    known = len(await world.events())
    await note_deliveries(world, delivery(case, case_id, cause="linked"))
    assert [row["web_case_id"] for row in await world.rows() if row["case_id"] == case_id] == [case.web_case_id]
    [removed] = (await world.events())[known:]
    assert (removed["web_case_id"], removed["dealer"], removed["status"]) == (born, "usmf-us-001", "open")
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
    await note_deliveries(world, delivery(case, case_id, cause="linked"))
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


async def test_a_forged_delivery_writes_no_case_id(world: World) -> None:
    case, true = await world.submit(), await world.submit()
    await store_document(world.database, delivery(true, "C-1"))
    await note_delivery_records(world, delivery(case, "C-666"), delivery(true, "C-666"))
    assert {row["web_case_id"]: row["case_id"] for row in await world.rows()} == {
        case.web_case_id: None,
        true.web_case_id: "C-1",
    }


async def test_a_delivery_of_a_case_that_is_not_there_is_passed_over(world: World) -> None:
    await note_deliveries(world, delivery(Submitted(new_web_case_id(), uuid4()), "C-1"))
    assert await world.due() == []


async def test_a_case_that_d365_lost_and_got_again_is_followed_under_its_new_case_id(world: World) -> None:
    case = await world.submit()
    old = await world.create(case)
    await note_deliveries(world, delivery(case, old))
    await world.read_due()
    await world.d365.control("DELETE", f"/cases/usmf/{old}")

    lost = delivery(case, None, SubmissionState.PENDING, revision=4).model_copy(update={"cause": "lost_in_d365"})
    await note_deliveries(world, lost)

    assert await world.due() == [("usmf", "case_id", old)]
    new = await world.create(case)
    await note_deliveries(world, delivery(case, new, revision=6))

    async def followed() -> Any:
        await world.read_due()
        return (await world.row(case.web_case_id))["case_id"]

    assert await eventually(followed, lambda found: found == new) == new
    row = await world.row(case.web_case_id)
    assert (row["deleted_in_d365_at"], row["case_id_reused_at"]) == (None, None)
    assert len(await world.rows()) == 1


async def test_a_number_that_a_delivery_changes_is_announced(world: World) -> None:
    case = await world.submit()
    await note_deliveries(world, delivery(case, "C-1"))
    assert await world.events() == []  # the delivery itself shows the first one
    async with world.database.connect() as connection:
        await connection.execute("UPDATE case_api.cases SET deleted_in_d365_at = now(), read_began_at = now()")
    under_way = await world.now()
    await note_deliveries(world, delivery(case, "C-2", revision=5))
    (event,) = await world.events()
    # A read that is under way comes after it, and may bring news.
    assert datetime.fromisoformat(event["status_as_of"]) < under_way
    found = [event[name] for name in ("web_case_id", "case_id", "submission_id", "status")]
    assert found == [case.web_case_id, "C-2", None, "submitted"]
    await note_deliveries(world, delivery(case, "C-2", revision=5))
    assert len(await world.events()) == 1
    async with world.database.connect() as connection:
        await connection.execute("UPDATE case_api.cases SET deleted_in_d365_at = now()")
    await note_deliveries(world, delivery(case, "C-3", revision=6))
    times = [one["status_as_of"] for one in await world.events()]
    assert times == sorted(set(times)), "each is an event of its own"

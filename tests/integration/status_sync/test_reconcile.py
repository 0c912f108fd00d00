"""The poll: changes without an event, cases from D365, the registry of dealers and the daily sweep."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs
from yarl import URL

from case_shared.d365.errors import D365Error, D365Unavailable
from case_shared.d365.mapping import CaseFields, CaseTable, Mapping
from case_shared.d365.models import Customer
from case_shared.d365.reading import EntitySets, Page
from case_shared.words.actor import Actor
from case_shared.words.category_types import CategoryTypes
from case_shared.words.events import CaseStatus
from case_shared.words.identifiers import derived_web_case_id
from d365_sync.domain.delivery_action import DeliveryAction
from d365_sync.domain.flow import Kind
from d365_sync.postgres.flow import PostgresFlow
from d365_sync.postgres.operator_actions import PostgresOperatorActions
from status_sync.app import follow_clock
from status_sync.app.follow_rules import rules_of
from status_sync.app.read_list import ReadList
from status_sync.app.reconcile import Reconcile
from status_sync.app.sync_dealers import SyncDealers
from status_sync.domain.due_reads import RETRIES
from status_sync.metrics import Backlogs
from status_sync.postgres.registry import IncomingStore, RegistryStore
from tests.integration.status_sync.conftest import World
from tests.support.patience import PATIENCE


async def poll(world: World) -> None:
    for name in ("dealers", "cases"):
        await world.step(name)


async def by_case_id(world: World) -> dict[str, dict[str, object]]:
    return {str(row["case_id"]): row for row in await world.rows()}


async def test_a_lost_event_heals(world: World) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    await poll(world)
    await world.d365.move("usmf", case_id, "Closed")
    await world.step("cases")
    assert (await world.row(case.web_case_id))["status"] == "closed"
    assert [event["status"] for event in await world.events() if event["case_id"] == case_id] == ["submitted", "closed"]


async def test_cases_born_in_d365_are_shown_to_their_dealer_and_to_nobody_else(world: World) -> None:
    born = await world.create(None, CaseStatus="Planned", Description="Leaks", Notes="internal")
    hidden = [
        await world.create(None, CategoryType="HumanResources", CaseCategory="Employee grievance"),
        await world.create(None, CategoryType="Audit", CaseCategory="Policy violation"),
        await world.create(None, WebCaseId="PORTAL-OF-ANOTHER"),
    ]
    await poll(world)
    rows = await by_case_id(world)
    assert not set(hidden) & set(rows)
    row = rows[born]
    assert row["web_case_id"] == derived_web_case_id("usmf", born)
    assert (row["origin"], row["phase"], row["status"]) == ("d365", "submitted", "open")
    assert (row["dealer"], row["customer_account"], row["created_by"]) == ("usmf-us-001", "US-001", None)
    assert (row["d365_description"], row["notes"], row["created_at"]) == ("Leaks", None, row["d365_modified_at"])
    events = [event for event in await world.events() if event["case_id"] == born]
    assert [(event["dealer"], event["submission_id"]) for event in events] == [("usmf-us-001", None)]
    await world.step("cases")
    assert len(await by_case_id(world)) == len(rows)


async def test_a_case_born_with_its_customers_account_in_another_case_is_the_dealers(world: World) -> None:
    born = await world.create(None, CustomerAccount="us-001")
    await poll(world)
    row = (await by_case_id(world))[born]
    assert (row["dealer"], row["customer_account"]) == ("usmf-us-001", "us-001")


async def test_without_its_dealer_no_case_is_born(world: World) -> None:
    await world.create(None)
    await world.step("cases")
    assert await world.rows() == []
    await poll(world)  # registers the dealers, with cases older than the poll's position
    assert await world.rows() != []


async def test_a_derived_web_case_id_that_is_taken_is_drawn_again(world: World) -> None:
    born = await world.create(None)
    await world.submit()
    async with world.database.connect() as connection:
        await connection.execute("DELETE FROM case_api.submissions")
        await connection.execute("UPDATE case_api.cases SET web_case_id = $1", derived_web_case_id("usmf", born))
    await poll(world)
    assert (await by_case_id(world))[born]["web_case_id"] == derived_web_case_id("usmf", born, 1)


async def test_a_born_row_and_the_submission_that_it_turns_out_to_be_become_one(world: World) -> None:
    await world.step("dealers")
    case = await world.submit()
    case_id = await world.create(case)
    apply_read, shown = world.service.apply_read(), await world.found(case_id)
    nameless = shown.model_copy(update={"web_case_id": None, "submission_id": None, "status": "InProcess"})
    await apply_read.handle(await world.now(), [nameless])
    assert (await by_case_id(world))[case_id]["origin"] == "d365"
    await apply_read.handle(await world.now(), [shown])
    (row,) = await world.rows()
    assert (row["web_case_id"], row["case_id"], row["origin"]) == (case.web_case_id, case_id, "portal")
    assert (await world.events())[-1]["submission_id"] == str(case.submission_id)
    assert await world.statuses(case.web_case_id) == await world.statuses() == ["in_process", "submitted"]


async def test_our_web_case_id_with_other_content_is_left_to_d365_sync(world: World) -> None:
    await world.step("dealers")
    case = await world.submit()
    await world.create(case, CustomerAccount="US-002")
    await world.step("cases")
    row = await world.row(case.web_case_id)
    assert (row["case_id"], row["read_began_at"]) == (None, None)
    assert case.web_case_id not in [event["web_case_id"] for event in await world.events()]


async def test_a_born_case_follows_to_another_dealer_and_out_of_sight(world: World) -> None:
    await world.step("dealers")
    case_id = await world.create(None)
    apply_read, found = world.service.apply_read(), await world.found(case_id)
    await apply_read.handle(await world.now(), [found])
    await apply_read.handle(await world.now(), [found.model_copy(update={"customer_account": "US-002"})])
    assert [(row["dealer"], row["case_id"]) for row in await world.rows()] == [("usmf-us-002", case_id)]
    assert len(await world.statuses()) == 1, "what it was with another dealer is not this one's business"
    await apply_read.handle(await world.now(), [found.model_copy(update={"category_type": "Audit"})])
    assert await world.rows() == []
    assert await world.statuses() == []


async def test_a_read_from_before_a_case_was_hidden_does_not_bring_it_back(world: World) -> None:
    await world.step("dealers")
    case_id = await world.create(None)
    apply_read, found = world.service.apply_read(), await world.found(case_id)
    earlier = await world.now()
    await apply_read.handle(await world.now(), [found])
    await apply_read.handle(await world.now(), [found.model_copy(update={"category_type": "Audit"})])
    assert await world.rows() == []
    await apply_read.handle(earlier, [found])
    assert await world.rows() == []
    assert await world.due() == [("usmf", "case_id", case_id)]  # a read that begins now decides


async def test_two_cases_of_d365_for_one_submission_are_not_mixed(world: World) -> None:
    case = await world.submit()
    case_id = await world.create(case)
    found = await world.found(case_id)
    double = found.model_copy(update={"case_id": "C-DOUBLE", "status": "Canceled"})
    await world.service.apply_read().handle(await world.now(), [found, double])
    (row,) = await world.rows()
    assert (row["case_id"], row["status"]) == (case_id, "submitted")


async def test_how_long_a_change_took_to_be_shown_is_measured(world: World) -> None:
    def measured() -> tuple[float, float]:
        name = "casebridge_d365_change_shown_seconds"
        found = [REGISTRY.get_sample_value(f"{name}_{part}") or 0 for part in ("count", "sum")]
        return found[0], found[1]

    await world.step("dealers")
    case_id = await world.create()
    apply_read, found = world.service.apply_read(), await world.found(case_id)
    count, total = measured()
    await apply_read.handle(await world.now(), [found])
    assert measured()[0] == count  # new here: how old it is says nothing
    changed_at = datetime.now(UTC) - timedelta(seconds=90)
    closed = found.model_copy(update={"status": "Closed", "modified_at": changed_at})
    for _ in range(2):
        await apply_read.handle(await world.now(), [closed])
    assert measured()[0] == count + 1
    assert 90 <= measured()[1] - total < 90 + 30 * PATIENCE


async def test_the_position_moves_behind_what_was_applied_and_never_into_the_future(world: World) -> None:
    await poll(world)
    position = await world.service.progress.poll_position()
    assert position.modified_at is not None
    assert position.modified_at <= await world.now()
    await world.service.progress.advance_poll(position.modified_at - timedelta(hours=1), position.round)
    assert await world.service.progress.poll_position() == position
    await world.create(None)
    await world.d365.fault(kind="status", status=503, operation="read")
    with pytest.raises(D365Error):
        await world.step("cases")
    assert await world.service.progress.poll_position() == position


async def test_one_case_that_cannot_be_stored_or_published_delays_no_other(world: World) -> None:
    await world.step("dealers")
    found = await world.found(await world.create(None))
    unstorable = found.model_copy(update={"case_id": "C-ODD", "description": "\udc00"})
    untellable = found.model_copy(update={"case_id": "C" * 101})
    fine = [found.model_copy(update={"case_id": f"C-{number}"}) for number in range(5)]
    begun = await world.now()
    await world.service.apply_read().handle(begun, [*fine[:3], unstorable, untellable, *fine[3:]])
    assert set(await by_case_id(world)) == {case.case_id for case in fine}


async def test_the_registry_follows_d365(world: World) -> None:
    await world.step("dealers")
    await world.step("categories")
    await world.step("priorities")
    async with world.database.connect() as connection:
        first = await connection.fetch("SELECT * FROM status_sync.dealers WHERE active ORDER BY dealer")
        assert (first[-1]["dealer"], first[-1]["customer_account"]) == ("usmf-us-005", "US-005")
        assert (
            await connection.fetchval("SELECT count(*) FROM status_sync.categories WHERE category = 'Complaint'") == 4
        )
        assert await connection.fetchval("SELECT count(*) FROM status_sync.priorities WHERE priority = 'High'") == 2
        await connection.execute(
            "INSERT INTO status_sync.dealers (dealer, data_area_id, customer_account) VALUES ('old', 'usmf', 'GONE');"
            "INSERT INTO status_sync.categories VALUES ('usmf', 'Service', 'Gone');"
            "UPDATE status_sync.dealers SET name = 'x', dealer = 'kept-slug' WHERE dealer = 'usmf-us-001'"
        )
        for name in ("dealers", "categories"):
            await world.step(name)
        dealers = {row["dealer"]: row for row in await connection.fetch("SELECT * FROM status_sync.dealers")}
        assert not dealers["old"]["active"]
        assert (dealers["kept-slug"]["customer_account"], dealers["kept-slug"]["name"]) == (
            "US-001",
            "Contoso Equipment",
        )
        assert "usmf-us-001" not in dealers
        assert not await connection.fetchval("SELECT count(*) FROM status_sync.categories WHERE category = 'Gone'")


class Pages:
    """D365's lists in pages, with a failure in the middle of one; `meanwhile` happens after the first page."""

    def __init__(self, *pages: tuple[Customer, ...], fails: bool = False) -> None:
        self.pages, self.fails = pages, fails
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def read_customers(self, *, timeout: float) -> AsyncIterator[tuple[Customer, ...]]:  # noqa: ASYNC109
        for page in self.pages:
            yield page
            if self.meanwhile:
                await self.meanwhile()
        if self.fails:
            raise D365Unavailable("read customers: connection lost")


def customers(*accounts: str) -> tuple[Customer, ...]:
    return tuple(Customer(data_area_id="USMF", customer_account=account, name=f"of {account}") for account in accounts)


def sync_dealers(world: World, d365: Pages, progressed: Callable[[], None] = lambda: None) -> SyncDealers:
    read_list = ReadList(IncomingStore(world.pool), progressed)
    return SyncDealers(world.pool, RegistryStore(world.pool), read_list, d365, 5)


async def test_the_registry_changes_only_by_a_list_that_has_come_whole(world: World) -> None:
    beats: list[None] = []

    async def sync(d365: Pages) -> dict[str, str]:
        try:
            await sync_dealers(world, d365, lambda: beats.append(None)).handle()
        finally:
            rows = await world.pool.fetch("SELECT dealer, customer_account FROM status_sync.dealers WHERE active")
        return {row["customer_account"]: row["dealer"] for row in rows}

    first = await sync(Pages(customers("A 1", "B"), customers("A-1", "A 1"), ()))
    assert first == {"A 1": "usmf-a-1", "A-1": "usmf-a-1-2", "B": "usmf-b"}
    assert len(beats) == 3
    with pytest.raises(D365Unavailable):
        await sync(Pages(customers("A 1"), fails=True))
    overtaken = Pages(customers("A 1"), customers("C"))
    overtaken.meanwhile = lambda: sync(Pages(customers("A 1", "A-1", "B")))
    assert await sync(overtaken) == first
    assert await sync(Pages(customers("A/1", "A 1"))) == {"A 1": "usmf-a-1", "A/1": "usmf-a-1-3"}
    # D365 compares accounts case-insensitively: one that returns with other capitals is the same dealer.
    assert await sync(Pages(customers("a/1"), customers("A 1", "a 1", "b"))) == {
        "A 1": "usmf-a-1",
        "A/1": "usmf-a-1-3",
        "B": "usmf-b",
    }
    assert await world.pool.fetchval("SELECT count(*) FROM status_sync.incoming") == 0


async def test_a_customer_that_leaves_between_two_pages_takes_no_other_dealer_along(world: World) -> None:
    """D365 counts rows for its next page: once one has left, the first row of that page is on none."""
    sync = sync_dealers(world, Pages())

    async def active_after(*pages: tuple[Customer, ...]) -> list[str]:
        sync.d365 = Pages(*pages)
        await sync.handle()
        rows = await world.pool.fetch("SELECT customer_account FROM status_sync.dealers WHERE active ORDER BY 1")
        return [row["customer_account"] for row in rows]

    async def position() -> object:
        found = await world.service.progress.poll_position()
        return found.modified_at

    assert await active_after(customers("A", "B"), customers("C", "D")) == ["A", "B", "C", "D"]
    await world.create(None)
    await world.step("cases")
    reached = await position()
    assert reached
    assert await active_after(customers("A", "B"), customers("D")) == ["A", "B", "C", "D"], "A has left, C has slipped"
    assert await active_after(customers("B", "C"), customers("D")) == ["A", "B", "C", "D"], "A is missing once"
    assert await active_after(customers("B", "C"), customers("D")) == ["B", "C", "D"], "A is missing again"
    assert await position() == reached, "nobody has appeared, so no case needs a second read"
    assert await active_after(customers("B", "C")) == ["B", "C"], "one page is the whole list at one time"
    assert await active_after(customers("C", "B"), customers("D")) == ["B", "C", "D"]
    assert await position() is None


async def test_a_start_without_a_filter_says_how_many_customers_become_dealers(world: World) -> None:
    with capture_logs() as logs:
        await world.step("dealers")
    assert [one["customers"] for one in logs if one["event"] == "every_customer_becomes_a_dealer"] == [10]


@pytest.mark.parametrize(
    "mapping", [Mapping.model_validate({"priorities": {"order": ["High", "Nothing", "Low"]}})], ids=["ordered"]
)
async def test_priorities_have_the_place_that_the_mapping_gives_them(world: World) -> None:
    await world.step("priorities")
    async with world.database.connect() as connection:
        rows = await connection.fetch(
            "SELECT priority, position FROM status_sync.priorities WHERE data_area_id = 'usmf'"
        )
    places = {row["priority"]: row["position"] for row in rows}
    assert (places["High"], places["Low"], places["Normal"]) == (1, 3, None)


async def test_an_empty_list_is_not_believed(world: World) -> None:
    lists = ("dealers", "categories", "priorities")
    for name in lists:
        await world.step(name)
    await world.d365.fault(kind="empty_list", operation="read")
    for name in lists:
        await world.step(name)
    async with world.database.connect() as connection:
        assert await connection.fetchval("SELECT count(*) FROM status_sync.dealers WHERE active") == 10
        assert await connection.fetchval("SELECT count(*) FROM status_sync.categories")
        assert await connection.fetchval("SELECT count(*) FROM status_sync.priorities")


async def test_the_sweep_reads_each_case_that_is_not_at_an_end_once_a_day(world: World) -> None:
    opened, closed, unseen = await world.submit(), await world.submit(), await world.submit()
    numbers = [await world.create(opened), await world.create(closed)]
    await world.d365.move("usmf", numbers[1], "Closed")
    await world.step("cases")
    async with world.database.connect() as connection:
        await connection.execute("UPDATE case_api.cases SET d365_modified_at = d365_modified_at - interval '8 days'")
    await world.step("sweep")
    expected = [("usmf", "case_id", numbers[0]), ("usmf", "web_case_id", unseen.web_case_id)]
    assert sorted(await world.due()) == sorted(expected)
    async with world.database.connect() as connection:
        await connection.execute("DELETE FROM status_sync.due_reads")
        await world.step("sweep")
        assert await world.due() == []
        await connection.execute("UPDATE status_sync.sync_state SET done_at = done_at - interval '25 hours'")
    await world.step("sweep")
    assert len(await world.due()) == 2


async def test_the_sweep_leaves_out_what_has_ended_in_other_letters(world: World) -> None:
    """Another D365 may write its symbols in other letters than the mapping has them."""
    ended, going_on = await world.submit(), await world.submit()
    numbers = [await world.create(ended), await world.create(going_on)]
    read = [await world.found(case_id) for case_id in numbers]
    symbols = dict(zip(numbers, ("CLOSED", "inprocess"), strict=True))
    found = [
        one.model_copy(update={"status": symbols[one.case_id], "modified_at": await world.now() - timedelta(days=8)})
        for one in read
    ]
    await world.service.apply_read().handle(await world.now(), found)
    assert [(await world.row(case.web_case_id))["status"] for case in (ended, going_on)] == ["closed", "in_process"]
    assert (await world.row(ended.web_case_id))["d365_status"] == "CLOSED"
    await world.step("sweep")
    assert await world.due() == [("usmf", "case_id", numbers[1])]


async def test_a_reopening_that_neither_event_nor_poll_brought_is_found_within_a_day(world: World) -> None:
    """A transaction of D365 that takes longer than the poll's overlap commits a time that the poll has passed."""
    case = await world.submit()
    case_id = await world.create(case)
    await world.step("dealers")
    await world.d365.move("usmf", case_id, "Closed")
    await world.step("cases")
    await world.d365.move("usmf", case_id, "Opened")
    async with world.database.connect() as connection:
        await connection.execute(
            "UPDATE status_sync.sync_state SET modified_at = now() + interval '1 hour' WHERE name = 'poll'"
        )
        await world.step("cases")
        assert (await world.row(case.web_case_id))["status"] == "closed"
        await world.step("sweep")
        await connection.execute("UPDATE status_sync.due_reads SET due_at = now()")
    assert ("usmf", "case_id", case_id) in await world.due()
    await world.read_due()
    assert (await world.row(case.web_case_id))["status"] == "open"


async def test_the_sweep_goes_by_todays_mapping(world: World) -> None:
    """A closed case has a symbol that the mapping did not know then; it may know it now."""
    case = await world.submit()
    case_id = await world.create(case)
    found = (await world.found(case_id)).model_copy(update={"status": "Closed"})
    apply_read = world.service.apply_read()
    await apply_read.handle(await world.now(), [found])
    await apply_read.handle(await world.now(), [found.model_copy(update={"status": "Reopened"})])
    assert (await world.row(case.web_case_id))["status"] == "closed"
    await world.step("sweep")
    assert await world.due() == [("usmf", "case_id", case_id)]


def without(*symbols: str, **others: CaseStatus) -> Mapping:
    """A mapping that does not know these symbols of D365, and maps others otherwise."""
    status = {symbol: others.get(symbol, status) for symbol, status in Mapping().status.items()}
    return Mapping().model_copy(update={"status": {one: status[one] for one in status if one not in symbols}})


@pytest.mark.parametrize(
    ("mapping", "shown"),
    [
        pytest.param(without("Closed"), "submitted", id="unknown"),
        pytest.param(without(Closed=CaseStatus.OPEN), "open", id="as-open"),
        pytest.param(without(Closed=CaseStatus.CANCELED), "canceled", id="as-canceled"),
    ],
)
async def test_a_status_that_is_mapped_late_reaches_the_cases_that_have_it(world: World, shown: str) -> None:
    """The operator maps the symbol after the cases with it were read, and D365 has not changed them for long."""
    case = await world.submit()
    ours, born = await world.create(case), await world.create(None)
    for case_id in (ours, born):
        await world.d365.move("usmf", case_id, "Closed")
    await poll(world)
    async with world.database.connect() as connection:
        await connection.execute("UPDATE case_api.cases SET d365_modified_at = d365_modified_at - interval '8 days'")
        assert [(await by_case_id(world))[one]["status"] for one in (ours, born)] == [shown, shown]
        corrected = world.with_settings(mapping=Mapping())
        await corrected.step("sweep")
        await connection.execute("UPDATE status_sync.due_reads SET due_at = now()")
        await corrected.read_due()
        assert [(await by_case_id(world))[one]["status"] for one in (ours, born)] == ["closed", "closed"]
        assert [event["status"] for event in await world.events() if event["case_id"] == born] == [shown, "closed"]
        await connection.execute(
            "UPDATE case_api.cases SET d365_modified_at = d365_modified_at - interval '8 days';"
            "UPDATE status_sync.sync_state SET done_at = done_at - interval '25 hours' WHERE name = 'sweep'"
        )
    await corrected.step("sweep")
    assert not {ours, born} & {key for _, _, key in await world.due()}, "what dealers see as ended is left out again"


async def position(world: World) -> object:
    return (await world.service.progress.poll_position()).modified_at


async def test_a_corrected_category_type_brings_the_cases_that_the_polls_before_hid(world: World) -> None:
    mistyped, corrected = (
        world.with_settings(d365_category_types=types) for types in ("General,Services", "General,Service")
    )
    born = await world.create(None)
    await mistyped.lead()
    await poll(mistyped)
    assert born not in await by_case_id(world)
    await poll(mistyped)  # the second one comes back for new dealers
    await mistyped.lead()
    assert await position(world), "the same rules have nothing read again"

    await corrected.lead()

    assert await position(world) is None
    await poll(corrected)
    assert (await by_case_id(world))[born]["dealer"] == "usmf-us-001"
    await corrected.lead()
    assert await position(world)


@pytest.mark.parametrize("mapping", [without("Closed")], ids=["unknown"])
async def test_a_status_that_is_mapped_late_is_shown_with_the_next_poll(world: World) -> None:
    case_id = await world.create(None)
    await world.d365.move("usmf", case_id, "Closed")
    await world.lead()
    for _ in range(2):
        await poll(world)
    assert (await by_case_id(world))[case_id]["status"] == "submitted"
    async with world.database.connect() as connection:
        # The poll has long passed it.
        await connection.execute(
            "UPDATE status_sync.sync_state SET modified_at = now() + interval '1 day' WHERE name = 'poll'"
        )
    await poll(world)
    restarted = world.with_settings(mapping=Mapping())
    await restarted.lead()
    await poll(restarted)
    assert (await by_case_id(world))[case_id]["status"] == "closed"
    assert [event["status"] for event in await world.events() if event["case_id"] == case_id] == ["submitted", "closed"]


async def test_cases_that_a_role_hid_appear_once_an_operator_has_all_read_again(world: World) -> None:
    for _ in range(2):
        await poll(world)
    hidden = await world.create(None)
    async with world.database.connect() as connection:
        # D365 created it before the poll's position, and showed it to no poll.
        await connection.execute("UPDATE status_sync.sync_state SET modified_at = now() + interval '1 day'")
    await poll(world)
    assert hidden not in await by_case_id(world)
    async with world.database.pool("d365_sync") as pool:
        actor = Actor("olga")
        await PostgresOperatorActions(pool).steer(DeliveryAction.READ_ALL_AGAIN, actor, "the role is corrected")
    await poll(world)
    assert hidden in await by_case_id(world)


async def test_a_poll_by_the_rules_before_does_not_move_the_position_past_what_the_new_ones_show(world: World) -> None:
    """A leader is frozen in the middle of its poll; another one with other rules takes over."""
    await world.lead()
    await poll(world)
    frozen = await world.service.progress.poll_position()
    await world.with_settings(d365_category_types="Service").lead()
    await world.service.progress.advance_poll(await world.now(), frozen.round)
    assert await position(world) is None


def test_the_rules_are_what_decides_what_a_read_changes() -> None:
    def rules(types: str | None = None, **others: object) -> str:
        return rules_of(Mapping.model_validate(others), CategoryTypes.parse(types))

    same = [
        rules("Service, general"),
        rules("General,SERVICE"),
        rules("General,Service", priorities={"order": ["High"]}),
    ]
    assert len({*same, rules("General,Service", status={"Closed": "closed"})}) == 1
    others = [
        rules(),
        rules("Service"),
        rules("General,Service", status={"Archived": "closed"}),
        rules("General,Service", status={"Closed": "canceled"}),
        rules("General,Service", case={"fields": {"description": "Words"}}),
        rules("General,Service", case={"entity_set": "Others"}),
    ]
    assert len({same[0], *others}) == 1 + len(others)


async def gauges(world: World) -> tuple[float | None, ...]:
    """What a process shows that has just started: unknown statuses, and cases that D365 cannot write."""
    await Backlogs(world.service.progress).turn()
    names = ("casebridge_cases_status_unknown", "casebridge_cases_unreadable")
    return tuple(REGISTRY.get_sample_value(name) for name in names)


@pytest.mark.parametrize("mapping", [without("Closed")], ids=["unknown"])
async def test_an_unknown_status_is_seen_as_long_as_a_case_has_it(world: World) -> None:
    """prometheus/prometheus#1673: what a counter counted before its process's first scrape is never seen."""

    async def concerns() -> list[tuple[int, str | None]]:
        async with world.database.pool("d365_sync") as pool:
            found = await PostgresFlow(pool).concerns()
        return [(one.count, one.detail) for one in found if one.kind is Kind.STATUS_UNKNOWN]

    async def upkeep(restarted: World) -> None:
        await world.pool.execute(
            "UPDATE sync_state SET done_at = done_at - interval '6 minutes' WHERE name = 'statuses'"
        )
        await restarted.upkeep()

    assert (await gauges(world), await concerns()) == ((0, 0), [])
    await world.d365.move("usmf", await world.create(None), "Closed")
    await poll(world)
    await upkeep(world)
    assert (await gauges(world), await concerns()) == ((1, 0), [(1, "Closed (1)")])
    await world.create(None, CaseStatus="Closed")
    await poll(world)
    await world.upkeep()
    assert await gauges(world) == (1, 0), "a count reads every case, so it is made every five minutes"
    await upkeep(world)
    assert (await gauges(world), await concerns()) == ((2, 0), [(2, "Closed (2)")])
    await upkeep(world.with_settings(mapping=Mapping()))
    assert (await gauges(world), await concerns()) == ((0, 0), [])


async def test_a_read_under_way_in_a_failover_to_a_clock_that_is_behind_counts_as_begun_now(world: World) -> None:
    await world.step("dealers")
    case_id = await world.create(None)
    apply_read, found = world.service.apply_read(), await world.found(case_id)
    await apply_read.handle(await world.now() + timedelta(hours=1), [found])
    (row,) = await world.rows()
    assert row["read_began_at"] < await world.now()
    await apply_read.handle(await world.now(), [found.model_copy(update={"status": "Closed"})])
    (row,) = await world.rows()
    assert row["status"] == "closed"


async def test_after_a_failover_to_a_clock_that_is_behind_newer_reads_apply_and_the_sweep_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `read_began_at` and `done_at` decide what still counts, times that lie ahead would freeze both."""
    monkeypatch.setattr(follow_clock, "_ROWS_AT_ONCE", 2)
    case = await world.submit()
    case_id = await world.create(case)
    for name in ("dealers", "cases", "sweep", "controls"):
        await world.step(name)
    await world.upkeep()
    async with world.database.connect() as connection:
        await connection.execute(
            "UPDATE case_api.cases SET read_began_at = read_began_at + interval '1 hour';"
            "UPDATE status_sync.sync_state SET done_at = done_at + interval '1 hour';"
            "UPDATE status_sync.sync_state SET modified_at = now() + interval '1 hour' WHERE name = 'poll';"
            "INSERT INTO status_sync.sync_state (name, done_at) VALUES ('restore', now() + interval '1 hour');"
            "DELETE FROM status_sync.due_reads"
        )
        rows = await connection.fetchval("SELECT count(*) FROM case_api.cases WHERE read_began_at > now()")
        assert rows > 2
    await world.d365.move("usmf", case_id, "Closed")
    born = await world.create(None)

    with capture_logs() as logs:
        await world.upkeep()
    assert [one["event"] for one in logs if one["log_level"] == "warning"] == ["clock_went_back"]

    await world.step("cases")
    assert (await world.row(case.web_case_id))["status"] == "closed"
    assert born in await by_case_id(world), "no read from before hides it"
    async with world.database.connect() as connection:
        ahead = await connection.fetch("SELECT name FROM status_sync.sync_state WHERE done_at > now()")
        assert [row["name"] for row in ahead] == ["restore"], "its time says which restore was followed"
        assert not await connection.fetchval("SELECT count(*) FROM case_api.cases WHERE read_began_at > now()")
        # A day later, by less than the clocks differed.
        await connection.execute("UPDATE status_sync.sync_state SET done_at = done_at - interval '1 day 30 minutes'")
    await world.step("sweep")
    assert await world.due() != []
    with capture_logs() as logs:
        await world.upkeep()
    assert [one for one in logs if one["log_level"] == "warning"] == [], "the clock goes on"


async def test_a_poll_that_dies_between_pages_of_equal_times_goes_on_where_it_was(world: World) -> None:
    await world.step("dealers")
    case_ids = {await world.create(None) for _ in range(14)}  # D365's times are whole seconds: many are equal
    service = world.service
    poll = Reconcile(
        service.progress, service.d365, service.apply_read(), 5, lambda: None, service.due_reads, page_size=4
    )

    def die() -> None:
        raise ConnectionError("killed between two pages")

    with pytest.raises(ConnectionError):
        await replace(poll, progressed=die).handle()
    assert not case_ids & set(await by_case_id(world))
    await poll.handle()
    assert case_ids <= set(await by_case_id(world))


async def test_a_poll_under_way_elsewhere_does_not_pass_over_new_dealers(world: World) -> None:
    """A frozen leader wakes in the middle of its poll, after another has registered a dealer with older cases."""
    await world.step("dealers")
    async with world.database.connect() as connection:
        await connection.execute("DELETE FROM status_sync.dealers WHERE dealer = 'usmf-us-001'")
    born = await world.create(None)
    await world.step("cases")
    frozen = await world.service.progress.poll_position()
    await world.step("dealers")  # registers it again
    await world.service.progress.advance_poll(await world.now() + timedelta(minutes=20), frozen.round)
    await world.step("cases")
    assert born in await by_case_id(world)


class TestWithoutASubmissionIdInD365:
    """A mapping without the second extension field."""

    @pytest.fixture
    def mapping(self) -> Mapping:
        return Mapping(case=CaseTable(fields=CaseFields(submission_id="")))

    async def test_the_current_submission_is_published(self, world: World) -> None:
        case = await world.submit()
        await world.create(case)
        await world.step("cases")
        (event,) = [event for event in await world.events() if event["web_case_id"] == case.web_case_id]
        assert event["submission_id"] == str(case.submission_id)


FIXED = {
    "categories": {"list": [{"category": "Breakdown", "category_type": "Service"}]},
    "priorities": {"list": [{"priority": "High"}, {"priority": "Low", "data_area_id": "DEMF"}], "order": ["Low"]},
    "case": {"lengths": {"description": 60}},
}


@pytest.mark.parametrize("mapping", [Mapping.model_validate(FIXED)], ids=["fixed"])
async def test_lists_of_the_mapping_apply_in_every_legal_entity_with_dealers(world: World) -> None:
    for name in ("dealers", "categories", "priorities"):
        await world.step(name)

    rows = await world.pool.fetch("SELECT data_area_id, category_type, category FROM status_sync.categories ORDER BY 1")
    assert [tuple(row) for row in rows] == [("demf", "Service", "Breakdown"), ("usmf", "Service", "Breakdown")]
    rows = await world.pool.fetch("SELECT data_area_id, priority, position FROM status_sync.priorities ORDER BY 1, 2")
    assert [tuple(row) for row in rows] == [("demf", "High", None), ("demf", "Low", 1), ("usmf", "High", None)]


async def test_a_d365_without_priorities_is_well(world: World) -> None:
    for name in ("dealers", "priorities"):
        await world.step(name)
    await world.d365.fault(kind="status", status=404, operation="read", entity_set="CasePriorities")

    await world.step("priorities")

    assert await world.pool.fetchval("SELECT count(*) FROM status_sync.priorities")


@pytest.mark.parametrize("mapping", [Mapping.model_validate({"priorities": {"entity_set": ""}})], ids=["none"])
async def test_a_mapping_can_say_that_there_are_no_priorities(world: World) -> None:
    await world.pool.execute("INSERT INTO status_sync.priorities VALUES ('usmf', 'Old')")

    await world.step("priorities")

    assert await world.pool.fetchval("SELECT count(*) FROM status_sync.priorities") == 0


async def test_a_case_that_d365_cannot_write_keeps_no_later_change_from_being_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OData/WebApi#2704, OData/AspNetCoreOData#867: each page with that row fails, though its keys can be read."""
    case_ids = [await world.create(None, Description=f"case {number}") for number in range(12)]
    await world.step("dealers")
    poison, page_of, broken = case_ids[5], EntitySets.page, True

    async def page(self: EntitySets, operation: str, url: URL, **options: Any) -> Page:
        page = await page_of(self, operation, url, **options)
        if broken and "Description" in url.query["$select"] and any(row["CaseId"] == poison for row in page.rows):
            raise D365Unavailable("500: no OData error in the answer", status=500)
        return page

    monkeypatch.setattr(EntitySets, "page", page)
    before = REGISTRY.get_sample_value("casebridge_d365_rows_passed_total") or 0.0

    with capture_logs() as logs:
        await world.step("cases")

    assert set(case_ids) - set(await by_case_id(world)) == {poison}
    [error] = [line for line in logs if line["log_level"] == "error"]
    assert (error["event"], error["case_id"], error["data_area_id"]) == ("case_not_polled", poison, "usmf")
    assert REGISTRY.get_sample_value("casebridge_d365_rows_passed_total") == before + 1
    # It is read by its key from now on: correcting it in D365 need not modify it.
    assert await world.due() == [("usmf", "case_id", poison)]
    await world.read_due()
    assert await world.due() == [("usmf", "case_id", poison)]
    assert await gauges(world) == (0, 0), "the failure may pass"
    for _ in range(RETRIES):
        await world.pool.execute("UPDATE due_reads SET due_at = now()")
        await world.read_due()
    assert await gauges(world) == (0, 1)
    broken = False
    async with world.database.connect() as connection:
        await connection.execute("UPDATE status_sync.due_reads SET due_at = now()")
    await world.read_due()
    assert poison in await by_case_id(world)
    assert await gauges(world) == (0, 0)

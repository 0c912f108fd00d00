"""A record of D365 that changes owner, disappears, or gets another's number: what each dealer sees then."""

from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from case_shared.words.identifiers import derived_web_case_id
from status_sync.domain.due_reads import CaseKey, KeyKind
from tests.integration.status_sync.conftest import Submitted, World
from tests.integration.status_sync.test_consumers import delivery, note_deliveries
from tests.support.submissions import store_document

SECRET = "for the second dealer alone"


async def poll(world: World) -> None:
    """Read what changed, then the due reads that follow, until nothing is due."""
    await world.step("cases")
    await read_due(world)


async def read_due(world: World) -> None:
    for _ in range(5):
        await world.read_due()


async def notify(world: World, case_id: str) -> None:
    """Announce the case with an event, and read it."""
    async with world.pool.acquire() as connection, connection.transaction():
        await world.service.due_reads.make_due(connection, [CaseKey("usmf", KeyKind.CASE_ID, case_id)])
    await read_due(world)


async def delivered(world: World, **fields: str) -> tuple[Submitted, str]:
    """A case of the first dealer in D365, read once."""
    await world.step("dealers")
    case = await world.submit()
    case_id = await world.create(case, Description="of the first dealer", **fields)
    await poll(world)
    assert (await world.row(case.web_case_id))["d365_description"] == "of the first dealer"
    return case, case_id


async def texts_of(world: World, dealer: str) -> set[str]:
    return {row["d365_description"] for row in await world.rows() if row["dealer"] == dealer}


async def what_is_shown(world: World) -> dict[str, tuple[Any, ...]]:
    """What the read model says of each case, by Web Case ID, except when it was read."""
    names = ("case_id", "status", "d365_status", "d365_description", "moved_at", "deleted_in_d365_at")
    return {row["web_case_id"]: tuple(row[name] for name in names) for row in await world.rows()}


async def born_row(world: World, dealer: str, case_id: str) -> dict[str, Any] | None:
    rows = [row for row in await world.rows() if row["origin"] == "d365" and row["case_id"] == case_id]
    return next((row for row in rows if row["dealer"] == dealer), None)


async def test_a_number_given_again_shows_its_first_owner_nothing_and_is_an_alarm(world: World) -> None:
    """D365 was restored: it lost the case, and gave its number to another dealer's case."""
    case, case_id = await delivered(world)
    await world.d365.delete("usmf", case_id)
    await world.create(None, CaseId=case_id, CustomerAccount="US-002", Description=SECRET, CaseStatus="Closed")
    await poll(world)
    row = await world.row(case.web_case_id)
    assert (row["status"], row["d365_description"], row["case_id"]) == ("submitted", "of the first dealer", case_id)
    assert row["case_id_reused_at"] is not None
    assert row["deleted_in_d365_at"] is not None
    assert SECRET not in await texts_of(world, "usmf-us-001")
    theirs = await born_row(world, "usmf-us-002", case_id)
    assert theirs is not None
    assert (theirs["d365_description"], theirs["status"]) == (SECRET, "closed")


async def test_a_renumbered_case_whose_number_was_given_again_says_when_it_is_deleted(world: World) -> None:
    case, case_id = await delivered(world)
    await world.d365.change("usmf", case_id, CaseId="C-NEW")
    await world.create(None, CaseId=case_id, CustomerAccount="US-002", Description=SECRET)
    await world.d365.delete("usmf", "C-NEW")
    await poll(world)
    # It stays an alarm; the sweep searches for its Web Case ID until it is back.
    for back in (False, True):
        row = await world.row(case.web_case_id)
        assert (row["case_id"], row["status"], row["d365_description"]) == (case_id, "submitted", "of the first dealer")
        assert row["case_id_reused_at"] is not None
        assert row["deleted_in_d365_at"] is not None
        if back:
            await world.create(case, CaseId="C-BACK", Description="of the first dealer")
        async with world.database.connect() as connection:
            await connection.execute("UPDATE status_sync.sync_state SET done_at = '-infinity' WHERE name = 'sweep'")
        await world.step("sweep")
        async with world.database.connect() as connection:
            await connection.execute("UPDATE status_sync.due_reads SET due_at = now()")
        await read_due(world)
    row = await world.row(case.web_case_id)
    assert (row["case_id"], row["case_id_reused_at"], row["deleted_in_d365_at"]) == ("C-BACK", None, None)


async def test_a_number_that_another_case_of_ours_got_updates_that_one(world: World) -> None:
    first, first_id = await delivered(world)
    second = await world.submit("usmf-us-002", "US-002")
    second_id = await world.create(second, CustomerAccount="US-002", Description=SECRET)
    await poll(world)
    # A restore that renumbers: the two now have each other's numbers.
    await world.d365.change("usmf", first_id, CaseId="C-ASIDE")
    await world.d365.change("usmf", second_id, CaseId=first_id, CaseStatus="InProcess")
    await world.d365.change("usmf", "C-ASIDE", CaseId=second_id, CaseStatus="Planned")
    await poll(world)
    rows = [await world.row(case.web_case_id) for case in (first, second)]
    assert [(row["case_id"], row["status"]) for row in rows] == [(second_id, "open"), (first_id, "in_process")]
    assert [row["d365_description"] for row in rows] == ["of the first dealer", SECRET]
    assert [row["case_id_reused_at"] for row in rows] == [None, None]


async def test_a_case_renumbered_before_its_first_read_is_followed_at_its_new_number(world: World) -> None:
    """Only the delivery names its first number; no read will ever show it."""
    await delivered(world)
    case = await world.submit()
    case_id = await world.create(case)
    await note_deliveries(world, delivery(case, case_id))
    await world.d365.change("usmf", case_id, CaseId="C-NEW", CaseStatus="InProcess")
    await poll(world)
    row = await world.row(case.web_case_id)
    assert (row["case_id"], row["status"], row["deleted_in_d365_at"]) == ("C-NEW", "in_process", None)


async def test_a_case_that_no_read_has_shown_is_deleted_only_long_after_its_delivery(world: World) -> None:
    await delivered(world)
    case = await world.submit()
    await note_deliveries(world, delivery(case, "C-TOO-NEW"))
    await poll(world)
    row = await world.row(case.web_case_id)
    assert (row["case_id"], row["deleted_in_d365_at"]) == ("C-TOO-NEW", None)
    async with world.database.connect() as connection:
        await connection.execute("UPDATE d365_sync.documents SET changed_at = now() - interval '11 minutes'")
    await notify(world, "C-TOO-NEW")
    assert (await world.row(case.web_case_id))["deleted_in_d365_at"] is not None, "no answer lags so long"


async def test_a_moved_case_stands_still_for_the_first_dealer_and_is_born_for_the_second(world: World) -> None:
    case, case_id = await delivered(world)
    before = await world.row(case.web_case_id)
    await world.d365.change("usmf", case_id, CustomerAccount="US-002", Description=SECRET, CaseStatus="InProcess")
    await poll(world)
    row = await world.row(case.web_case_id)
    assert row["moved_at"] is not None
    kept = ("case_id", "status", "status_as_of", "d365_description", "dealer")
    assert [row[name] for name in kept] == [before[name] for name in kept]
    theirs = await born_row(world, "usmf-us-002", case_id)
    assert theirs is not None
    assert theirs["web_case_id"] == derived_web_case_id("usmf", case_id)
    assert (theirs["status"], theirs["d365_description"]) == ("in_process", SECRET)
    last = [event for event in await world.events() if event["web_case_id"] == case.web_case_id][-1]
    assert (last["status"], last["submission_id"], last["dealer"]) == (
        "submitted",
        None,
        "usmf-us-001",
    )

    await world.d365.change("usmf", case_id, Description="another secret", event=True)
    await notify(world, case_id)
    assert (await world.row(case.web_case_id))["moved_at"] == row["moved_at"]
    assert await texts_of(world, "usmf-us-002") >= {"another secret"}

    # It returns with a text written for the other: followed again, but without that text for this dealer.
    await world.d365.change("usmf", case_id, CustomerAccount="US-001", CaseStatus="Planned")
    await poll(world)
    row = await world.row(case.web_case_id)
    assert (row["moved_at"], row["status"], row["d365_description"]) == (None, "open", "of the first dealer")
    assert await born_row(world, "usmf-us-002", case_id) is None
    assert await world.statuses(case.web_case_id) == ["submitted", "open"]
    await world.d365.change("usmf", case_id, Description="for the first again")
    await poll(world)
    assert (await world.row(case.web_case_id))["d365_description"] == "for the first again"


@pytest.mark.parametrize(
    ("account", "category_type"), [("US-002", "Service"), ("US-001", "HumanResources")], ids=["given away", "hidden"]
)
async def test_a_case_born_in_d365_that_leaves_its_dealer_is_announced_to_that_dealer(
    world: World, account: str, category_type: str
) -> None:
    """Its row is gone: without an event, a page that shows the case would go on showing it."""
    await delivered(world)  # a control
    case_id = await world.create(None, Description="born of the first", CaseStatus="InProcess")
    await poll(world)
    born = await born_row(world, "usmf-us-001", case_id)
    assert born is not None
    before = await world.events()
    fields = {"CustomerAccount": account, "CategoryType": category_type, "CaseStatus": "Closed"}
    await world.d365.change("usmf", case_id, event=False, Description=SECRET, **fields)
    await poll(world)
    assert await born_row(world, "usmf-us-001", case_id) is None
    removed, *more = (await world.events())[len(before) :]
    assert (removed["dealer"], removed["web_case_id"], removed["case_id"], removed["status"]) == (
        "usmf-us-001",
        born["web_case_id"],
        case_id,
        "in_process",
    )
    assert removed["status_as_of"] > before[-1]["status_as_of"]
    assert [event["dealer"] for event in more] == (["usmf-us-002"] if account == "US-002" else [])


async def test_a_moved_case_that_is_renumbered_leaves_nothing_at_its_first_number(world: World) -> None:
    _, case_id = await delivered(world)
    await delivered(world)  # a control
    await world.d365.change("usmf", case_id, CustomerAccount="US-002")
    await poll(world)
    await world.d365.change("usmf", case_id, CaseId="C-NEW", CaseStatus="InProcess")
    await poll(world)
    there, left = [await born_row(world, "usmf-us-002", number) for number in ("C-NEW", case_id)]
    assert there is not None
    assert there["status"] == "in_process"
    assert left is None or left["deleted_in_d365_at"] is not None


async def test_a_case_that_moves_before_anybody_notes_its_delivery_has_moved(world: World) -> None:
    """Kafka lost the delivery's record; staff gave the case to another customer before the first read."""
    await world.step("dealers")
    case = await world.submit()
    case_id = await world.create(case, CustomerAccount="US-002", Description=SECRET)
    await poll(world)
    assert (await world.row(case.web_case_id))["case_id"] is None, "d365-sync may still decide that it is not its case"
    await store_document(world.database, delivery(case, case_id))
    await notify(world, case_id)
    row = await world.row(case.web_case_id)
    assert (row["case_id"], row["d365_description"]) == (case_id, None)
    assert row["moved_at"] is not None
    theirs = await born_row(world, "usmf-us-002", case_id)
    assert theirs is not None
    assert theirs["d365_description"] == SECRET


async def test_what_was_delivered_and_never_noted_is_linked(world: World) -> None:
    """Kafka lost the records; D365 shows one case under another customer and number, and lost the other."""
    other, _ = await delivered(world)
    moved, deleted = await world.submit(), await world.submit()
    await world.create(moved, CustomerAccount="US-002", CaseId="C-ELSEWHERE", Description=SECRET)
    for case, case_id in ((moved, "C-MOVED"), (deleted, "C-DELETED")):
        await store_document(world.database, delivery(case, case_id))
    await poll(world)
    await world.upkeep()
    assert (await world.row(moved.web_case_id))["case_id"] is None, "its record may still come"
    async with world.database.connect() as connection:
        await connection.execute("UPDATE d365_sync.documents SET changed_at = now() - interval '11 minutes'")
        await connection.execute("UPDATE status_sync.sync_state SET done_at = 'epoch' WHERE name = 'make_up'")
    await world.upkeep()
    await read_due(world)
    assert (await world.row(deleted.web_case_id))["deleted_in_d365_at"] is not None
    row = await world.row(moved.web_case_id)
    assert (row["case_id"], row["moved_at"] is not None) == ("C-MOVED", True)
    assert await born_row(world, "usmf-us-002", "C-ELSEWHERE") is not None
    assert (await world.row(other.web_case_id))["moved_at"] is None


async def test_the_first_dealers_words_do_not_go_with_the_case(world: World) -> None:
    case, case_id = await delivered(world)
    await world.d365.change("usmf", case_id, CustomerAccount="US-002")
    await poll(world)
    theirs = await born_row(world, "usmf-us-002", case_id)
    assert theirs is not None
    assert theirs["d365_description"] is None
    assert theirs["d365_category"] == "Breakdown"
    assert case.web_case_id != theirs["web_case_id"]


@pytest.mark.parametrize("cut", [False, True], ids=["other line ends", "cut"])
async def test_words_that_d365_has_changed_a_little_do_not_go_with_a_case_that_moved_before_its_first_read(
    world: World, cut: bool
) -> None:
    own = "The engine stops\nafter ten minutes, always in the third gear, and smells"
    await world.step("dealers")
    case = await world.submit()
    async with world.database.connect() as connection:
        await connection.execute("UPDATE case_api.cases SET description = $1", own)
    kept = own[:60] if cut else own.replace("\n", "\r\n")
    case_id = await world.create(case, CustomerAccount="US-002", Description=kept)
    await store_document(world.database, delivery(case, case_id))
    await notify(world, case_id)
    theirs = await born_row(world, "usmf-us-002", case_id)
    assert theirs is not None
    assert theirs["d365_description"] is None


async def test_a_case_of_a_hidden_type_is_nobodys_until_it_comes_back(world: World) -> None:
    case, case_id = await delivered(world)
    born = await world.create(None, Description="born of the first")
    await poll(world)
    for number in (case_id, born):
        await world.d365.change("usmf", number, CategoryType="HumanResources", Description="personnel")
    await poll(world)
    assert (await world.row(case.web_case_id))["moved_at"] is not None
    assert await born_row(world, "usmf-us-001", born) is None
    for number in (case_id, born):
        await world.d365.change("usmf", number, CategoryType="Service")
    await poll(world)
    assert (await world.row(case.web_case_id))["moved_at"] is None
    assert await born_row(world, "usmf-us-001", born) is not None
    assert "personnel" not in await texts_of(world, "usmf-us-001")


async def test_a_text_stays_hidden_when_the_case_comes_back_and_is_renumbered(world: World) -> None:
    """The new number is read before the old one is known to be gone: the text was recorded as new there."""
    case, case_id = await delivered(world, CategoryType="Service", CaseCategory="Complaint")
    await world.d365.change("usmf", case_id, CategoryType="HumanResources", Description=SECRET)
    await poll(world)
    await world.d365.change("usmf", case_id, CategoryType="Service")
    await poll(world)
    await world.d365.change("usmf", case_id, CaseId="C-NEW")
    await poll(world)
    row = await world.row(case.web_case_id)
    assert (row["case_id"], row["d365_description"]) == ("C-NEW", "of the first dealer")


async def test_a_case_moves_to_another_legal_entity_and_back(world: World) -> None:
    case, case_id = await delivered(world)
    await world.d365.change(
        "usmf", case_id, dataAreaId="demf", CaseId="D-1", CustomerAccount="DE-001", Description=SECRET
    )
    await poll(world)
    await poll(world)
    row = await world.row(case.web_case_id)
    assert (row["moved_at"] is not None, row["deleted_in_d365_at"], row["case_id"]) == (True, None, case_id)
    assert await texts_of(world, "demf-de-001") >= {SECRET}
    await world.d365.change("demf", "D-1", dataAreaId="usmf", CaseId="C-BACK", CustomerAccount="US-001")
    await poll(world)
    row = await world.row(case.web_case_id)
    assert (row["moved_at"], row["case_id"], row["d365_description"]) == (None, "C-BACK", "of the first dealer")
    assert await born_row(world, "demf-de-001", "D-1") is None


@pytest.mark.parametrize("born_in_d365", [False, True])
async def test_a_deleted_case_says_so_from_a_sure_answer_only(world: World, born_in_d365: bool) -> None:
    case, case_id = await delivered(world)
    if born_in_d365:
        case_id = await world.create(None, Description="born")
        await poll(world)

    async def deleted_at() -> Any:
        return next(row["deleted_in_d365_at"] for row in await world.rows() if row["case_id"] == case_id)

    await world.d365.fault(kind="empty_list", operation="read")
    await notify(world, case_id)
    assert await deleted_at() is None, "an empty list proves nothing"
    await world.d365.control("DELETE", "/faults")
    await world.d365.delete("usmf", case_id)
    await notify(world, case_id)
    assert await deleted_at() is not None
    assert ("usmf", "case_id", case_id) not in await world.due()
    ours = await world.row(case.web_case_id)
    assert (ours["status"], ours["d365_description"]) == ("submitted", "of the first dealer")
    # Restored: it is followed again.
    await world.create(None if born_in_d365 else case, CaseId=case_id, Description="back", CaseStatus="InProcess")
    await notify(world, case_id)
    assert await deleted_at() is None
    assert "back" in await texts_of(world, "usmf-us-001")


async def test_the_sweep_finds_what_was_deleted(world: World) -> None:
    case, case_id = await delivered(world)
    await world.d365.delete("usmf", case_id)
    await world.step("sweep")
    async with world.database.connect() as connection:
        await connection.execute("UPDATE status_sync.due_reads SET due_at = now()")
    await read_due(world)
    assert (await world.row(case.web_case_id))["deleted_in_d365_at"] is not None


@pytest.mark.parametrize("status", ["None", "Closed"], ids=["the same status", "another status"])
async def test_a_case_that_has_no_number_yet_is_not_applied_and_not_gone(world: World, status: str) -> None:
    """One that had a number, one that nobody has read yet, and one born in D365."""
    case, case_id = await delivered(world)
    unseen = await world.submit()
    others = [await world.create(unseen), await world.create(None)]
    before = await what_is_shown(world)
    for blanks, number in enumerate((case_id, *others), start=1):
        await world.d365.change("usmf", number, CaseId=" " * blanks, Description=SECRET, CaseStatus=status)
    due = [CaseKey("usmf", KeyKind.CASE_ID, case_id), CaseKey("usmf", KeyKind.WEB_CASE_ID, unseen.web_case_id)]
    async with world.pool.acquire() as connection, connection.transaction():
        await world.service.due_reads.make_due(connection, due)
    control = await world.create(None)
    with capture_logs() as logs:
        await poll(world)
    after = await what_is_shown(world)
    assert control in [row[0] for row in after.values()]
    assert {web_case_id: row for web_case_id, row in after.items() if row[0] != control} == before
    assert "" not in [event["case_id"] for event in await world.events()]
    assert {key for _, _, key in await world.due()} == {case_id, unseen.web_case_id}
    async with world.database.connect() as books:
        assert await books.fetchval("SELECT count(*) FROM d365_sync.second_cases") == 0
    seen = {log["event"] for log in logs}
    assert "cases_without_number" in seen
    assert seen.isdisjoint({"case_not_storable", "case_not_applied", "case_not_followed"})
    # Once they have their numbers, everything goes on.
    for blanks, number in enumerate((case_id, *others), start=1):
        await world.d365.change("usmf", " " * blanks, CaseId=number)
    await poll(world)
    assert (await world.row(case.web_case_id))["d365_description"] == SECRET
    assert (await world.row(unseen.web_case_id))["case_id"] == others[0]
    assert await born_row(world, "usmf-us-001", others[1]) is not None


async def test_a_case_whose_number_was_given_away_before_it_has_another_is_searched_for(world: World) -> None:
    case, case_id = await delivered(world)
    await world.d365.change("usmf", case_id, CaseId=" ", CaseStatus="InProcess")
    await world.create(None, CaseId=case_id, CustomerAccount="US-002", Description=SECRET)
    await poll(world)
    row = await world.row(case.web_case_id)
    assert (row["case_id_reused_at"] is not None, row["deleted_in_d365_at"]) == (True, None)
    assert ("usmf", "web_case_id", case.web_case_id) in await world.due()
    await world.d365.change("usmf", " ", CaseId="C-NEW")
    await poll(world)
    row = await world.row(case.web_case_id)
    assert (row["case_id"], row["status"], row["case_id_reused_at"]) == ("C-NEW", "in_process", None)
    assert SECRET not in await texts_of(world, "usmf-us-001")


async def test_what_went_back_with_a_restore_of_d365_is_read_again(world: World) -> None:
    """Its modification times also went back: the poll shows only what is within its overlap, so this test omits it."""
    changed, changed_id = await delivered(world)
    moved, moved_id = await delivered(world)
    deleted, deleted_id = await delivered(world)
    renumbered, renumbered_id = await delivered(world)
    since = await world.pool.fetchval("SELECT clock_timestamp()")
    await world.d365.back_up()
    await world.d365.change("usmf", changed_id, Description="after the backup", CaseStatus="Closed")
    await world.d365.change("usmf", moved_id, CustomerAccount="US-002", Description=SECRET)
    await world.d365.delete("usmf", deleted_id)
    await world.d365.change("usmf", renumbered_id, CaseId="C-AFTER")
    born_id = await world.create(None, CustomerAccount="US-002", Description=SECRET)
    await poll(world)
    await notify(world, deleted_id)
    assert (await world.row(changed.web_case_id))["status"] == "closed"
    assert (await world.row(deleted.web_case_id))["deleted_in_d365_at"] is not None
    assert await born_row(world, "usmf-us-002", moved_id) is not None

    await world.d365.restore()
    await read_due(world)
    assert (await world.row(changed.web_case_id))["status"] == "closed", "nothing has read it yet"
    async with world.database.connect() as connection:
        await connection.execute(
            "INSERT INTO d365_sync.d365_restores (since, dry_run, actor, reason) VALUES ($1, false, 'o', 'r')", since
        )
    for _ in range(2):
        await world.step("restored")
        async with world.database.connect() as connection:
            await connection.execute("UPDATE status_sync.due_reads SET due_at = now()")
        await read_due(world)

    for case, case_id in (
        (changed, changed_id),
        (moved, moved_id),
        (deleted, deleted_id),
        (renumbered, renumbered_id),
    ):
        row = await world.row(case.web_case_id)
        followed = (row["moved_at"], row["deleted_in_d365_at"], row["case_id_reused_at"]) == (None, None, None)
        assert (row["case_id"], row["status"], row["d365_description"], followed) == (
            case_id,
            "submitted",
            "of the first dealer",
            True,
        )
    assert await born_row(world, "usmf-us-002", moved_id) is None
    gone = await born_row(world, "usmf-us-002", born_id)
    assert gone is not None
    assert gone["deleted_in_d365_at"] is not None


async def test_a_number_given_again_before_the_first_read_is_not_the_cases(world: World) -> None:
    """D365 renumbers a case that no read has seen, and gives its number to another case of the same dealer."""
    await delivered(world)
    case = await world.submit()
    case_id = await world.create(case, Description="of the first dealer")
    await world.d365.change("usmf", case_id, CaseId="C-NEW", CaseStatus="InProcess")
    await world.create(None, CaseId=case_id, Description="born there", CaseStatus="Closed")
    await note_deliveries(world, delivery(case, case_id))
    await poll(world)
    row = await world.row(case.web_case_id)
    assert (row["case_id"], row["status"], row["d365_description"]) == ("C-NEW", "in_process", "of the first dealer")
    assert await born_row(world, "usmf-us-001", case_id) is not None


@pytest.mark.parametrize("born_in_d365", [False, True])
async def test_a_text_that_comes_back_goes_to_nobody_else_than_before(world: World, born_in_d365: bool) -> None:
    """Staff undo a change, or D365 is restored to a time when it had the text."""
    _, case_id = await delivered(world)
    if born_in_d365:
        case_id = await world.create(None, Description="of the first dealer")
        await poll(world)
    await world.d365.change("usmf", case_id, CustomerAccount="US-002", Description=SECRET)
    await poll(world)
    assert SECRET in await texts_of(world, "usmf-us-002")
    await world.d365.change("usmf", case_id, Description="of the first dealer")
    await poll(world)
    assert "of the first dealer" not in await texts_of(world, "usmf-us-002")
    await world.d365.change("usmf", case_id, CustomerAccount="US-001", Description=SECRET)
    await poll(world)
    assert SECRET not in await texts_of(world, "usmf-us-001")


async def test_erased_words_of_a_case_born_in_d365_do_not_come_back_with_it(world: World) -> None:
    await world.step("dealers")
    case_id = await world.create(None, Description="to be erased")
    await poll(world)

    async def shown(dealer: str, text: str) -> Any:
        account = dealer.removeprefix("usmf-").upper()
        await world.d365.change("usmf", case_id, CustomerAccount=account, Description=text)
        await poll(world)
        row = await born_row(world, dealer, case_id)
        return row and row["d365_description"]

    row = await born_row(world, "usmf-us-001", case_id)
    assert row is not None
    async with world.database.connect() as connection:
        await connection.execute("SELECT case_api.empty_personal_data(ARRAY[$1])", row["web_case_id"])
    assert await shown("usmf-us-002", SECRET) == SECRET
    assert await shown("usmf-us-001", "to be erased") is None
    # What the other one read is still for that one, and what staff write from now on is new.
    assert await shown("usmf-us-002", SECRET) == SECRET
    assert await shown("usmf-us-001", "written since") == "written since"


async def test_a_reopened_case_is_followed(world: World) -> None:
    case, case_id = await delivered(world)
    for status, shown in (("Closed", "closed"), ("Opened", "open")):
        await world.d365.move("usmf", case_id, status)
        await poll(world)
        assert (await world.row(case.web_case_id))["status"] == shown


@pytest.mark.parametrize("column", ["contact_name", "contact_email", "contact_phone", "notes", "*"])
async def test_contact_and_notes_are_not_for_status_sync(world: World, column: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await world.pool.fetch(f"SELECT {column} FROM case_api.cases")

"""A copy of another environment replaced D365's database: noticed soon, hidden from dealers, shown to operators."""

from typing import Any

import pytest

from case_shared.words.events import CaseDelivery, SubmissionState
from case_shared.words.identifiers import new_web_case_id
from d365_sync.postgres.statements import Statement
from tests.integration.status_sync.conftest import Submitted, World
from tests.integration.status_sync.test_consumers import delivery, event, note_deliveries, note_events

STATUS = ("d365_status", "status")
FOREIGN = "Written by a dealer of another Casebridge"


async def delivered(world: World) -> tuple[Submitted, str]:
    case = await world.submit()
    case_id = await world.create(case)
    await note_deliveries(world, delivery(case, case_id))
    await world.read_due()
    return case, case_id


async def concerns(world: World) -> dict[str, tuple[int, str, str | None]]:
    """What operators see of it, from d365-sync's own statement."""
    async with world.database.pool("d365_sync") as pool:
        rows = await pool.fetch(Statement.SELECT_CONCERNS.text)
    kinds = ("environment_refreshed", "known_cases_not_shown", "events_of_other_environment", "case_id_reused")
    return {row["kind"]: (row["count"], row["where"], row["detail"]) for row in rows if row["kind"] in kinds}


async def test_cases_of_another_casebridge_under_our_numbers_are_reported_and_not_shown(world: World) -> None:
    await world.step("dealers")
    cases = [await delivered(world) for _ in range(6)]
    await world.step("cases")
    await world.step("sweep")
    before = {row["web_case_id"]: row for row in await world.rows()}
    # No poll would show cases without a change since the refresh.
    for _case, case_id in cases:
        theirs = {"WebCaseId": new_web_case_id(), "SubmissionId": "", "Description": FOREIGN}
        await world.d365.control("PATCH", f"/cases/usmf/{case_id}", {**theirs, "CaseStatus": "Closed"})
    await world.step("controls")
    await world.read_due()

    found = await concerns(world)
    count, where, example = found["environment_refreshed"]
    assert (count >= 4, where, "was W" in str(example)) == (True, "usmf", True)
    # Now everything is read again: immediately by the poll, and by the sweep.
    for step in ("cases", "sweep"):
        await world.step(step)
    assert (await concerns(world))["case_id_reused"][:2] == (6, "usmf")
    assert {row["web_case_id"] for row in await world.rows()} == set(before)
    for row in await world.rows():
        assert (row["d365_status"], row["status"]) == tuple(before[row["web_case_id"]][name] for name in STATUS)
        assert FOREIGN not in str(row)

    # Their events name cases that are unknown here: they cost nothing, and are shown.
    await note_events(world, event(CaseId="C-999999", WebCaseId=new_web_case_id()))
    assert "C-999999" not in str(await world.due())
    assert (await concerns(world))["events_of_other_environment"][:2] == (1, "usmf")

    # Delivered again, under a new number: followed, and the alarm ends.
    for case, _case_id in cases:
        lost = _lost(case)
        await note_deliveries(world, lost, delivery(case, await world.create(case), revision=6))
    await world.read_due()
    assert "environment_refreshed" not in await concerns(world)
    assert "case_id_reused" not in await concerns(world)


def _lost(case: Submitted) -> CaseDelivery:
    lost = delivery(case, None, SubmissionState.PENDING, revision=4)
    return lost.model_copy(update={"cause": "lost_in_d365"})


@pytest.mark.parametrize("left", [0, 1])
async def test_where_no_known_case_is_there_any_more_operators_are_warned(world: World, left: int) -> None:
    await world.step("dealers")
    cases = [await delivered(world) for _ in range(3)]
    for _case, case_id in cases[left:]:
        await world.d365.delete("usmf", case_id)
    for _ in range(2):
        await world.step("controls")
        await world.read_due()
    found: Any = (await concerns(world)).get("known_cases_not_shown")
    assert (found and found[:2]) == (None if left else (1, "usmf"))
    ours = {case.web_case_id for case, _case_id in cases}
    deleted = [row["deleted_in_d365_at"] for row in await world.rows() if row["web_case_id"] in ours]
    assert sum(at is not None for at in deleted) == (2 if left else 0)

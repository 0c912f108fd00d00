"""D365 is restored to an earlier time: waiting documents continue, and lost cases are delivered again, once."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from case_shared.process.clock import SystemClock
from case_shared.words.identifiers import new_web_case_id
from d365_sync import wiring
from d365_sync.app.restore_d365 import RestoreD365
from d365_sync.postgres.documents import deliver_by_evidence
from tests.integration.d365_sync.conftest import (
    SETTLE_SECONDS,
    Queue,
    cases_of,
    known_case,
    old,
    settings_for,
    submitted,
)
from tests.integration.d365_sync.operators import Api, Json
from tests.support.eventually import eventually
from tests.support.sandbox import Sandbox


async def test_what_waits_goes_on_where_an_older_case_is_still_there(queue: Queue, d365: Sandbox) -> None:
    for _ in range(2):
        await known_case(queue)
    await d365.back_up()
    lost = [await known_case(queue) for _ in range(4)]
    await d365.restore()
    waiting = submitted(submitted_at=old())
    await queue.take_in(waiting)

    document = await queue.until(waiting, "delivered")

    # Until the settling time has passed since the newest confirmation, an answer without it may just be late.
    outcomes = await queue.outcomes(waiting)
    assert outcomes[-2:] == [("read_back", "absent"), ("create", "delivered")]
    assert set(outcomes[:-2]) <= {("read_back", "deferred")}
    assert len(await cases_of(d365, waiting)) == 1
    # D365 reuses the number of a lost case; the Web Case ID says which case it is.
    assert document["case_id"] in {(await queue.document(event))["case_id"] for event in lost}


async def test_where_no_known_case_is_there_any_more_nothing_is_sent(queue: Queue, d365: Sandbox) -> None:
    await d365.back_up()
    known = await known_case(queue)
    await d365.restore()
    waiting = submitted(submitted_at=old())
    await queue.take_in(waiting)
    # After this time a late answer no longer explains it.
    settled_at = (await queue.document(known))["delivered_at"] + timedelta(seconds=SETTLE_SECONDS)

    async def looks() -> int:
        ended = [one for one in await queue.attempts(waiting) if one["ended_at"]]
        return sum(one["started_at"] > settled_at for one in ended)

    await eventually(looks, lambda count: count >= 3)
    assert {outcome for _, outcome in await queue.outcomes(waiting)} <= {"deferred", "unsure", None}
    assert await cases_of(d365, waiting) == []
    assert "casebridge d365 restored" in (await queue.document(waiting))["detail"]


@dataclass
class Restoring:
    """The operators' API, and the leader's part of a restore, page by page as the test says."""

    queue: Queue
    api: Api
    work: RestoreD365

    async def order(self, since: datetime, *, dry_run: bool = False, status: int = 202) -> Json:
        """Report the restore."""
        body = {"since": since.isoformat(), "dry_run": dry_run, "reason": "D365 is back at noon"}
        answer = await self.api.client.post("/v1/d365/restores", json=body)
        assert answer.status_code == status, answer.text
        found: Json = answer.json()
        return found

    async def done(self, restore: Json) -> Json:
        """Work until it is completed; returns the result."""
        leader = self.queue.dispatcher._leader

        async def step() -> Json:
            while await self.work(leader):
                pass
            return await self.api.get(f"/d365/restores/{restore['restore_id']}")

        return await eventually(step, lambda shown: shown["state"] == "completed", within_seconds=20)


def counts(shown: Json) -> Json:
    return {name: count for name, count in shown["counts"].items() if count and name != "documents"}


@pytest_asyncio.fixture
async def restoring(queue: Queue, api: Api, d365: Sandbox) -> Restoring:
    settings = settings_for(queue.database, d365)
    client = queue.dispatcher.look_up.d365
    return Restoring(queue, api, wiring.build_restore(settings, queue.pool, client, queue.dispatcher, SystemClock()))


async def test_what_d365_lost_is_delivered_again_once_and_the_rest_stays(
    restoring: Restoring, queue: Queue, d365: Sandbox
) -> None:
    await known_case(queue)
    await queue.pool.execute("UPDATE documents SET delivered_at = delivered_at - interval '1 hour'")
    since = await queue.pool.fetchval("SELECT clock_timestamp()")
    kept = await known_case(queue)
    await d365.back_up()
    lost = [await known_case(queue) for _ in range(3)]
    emptied = lost.pop()
    await queue.pool.execute("UPDATE documents SET content = NULL WHERE web_case_id = $1", emptied.web_case_id)
    await d365.restore()
    seen_before = datetime.now(UTC)

    foreseen = await restoring.done(await restoring.order(since, dry_run=True))
    assert counts(foreseen) == {"there": 1, "queued": 2, "not_sure": 1}
    assert [(await queue.document(event))["state"] for event in lost] == ["delivered"] * 2
    restore_page = await restoring.done(await restoring.order(since))
    assert counts(restore_page) == {"there": 1, "queued": 2, "not_sure": 1}
    assert [one["document"] for one in restore_page["unsure"]] == [f"{emptied.web_case_id}-1"]

    for event in lost:
        await queue.until(event, "delivered")
        assert len(await cases_of(d365, event)) == 1
    # A sighting from before the loss is no evidence of a second case.
    async with queue.pool.acquire() as connection:
        seen = [(event.web_case_id, event.submission_id, "CASE-X") for event in lost]
        await deliver_by_evidence(connection, seen, [seen_before] * 2)
    assert [(await queue.document(event))["other_case_ids"] for event in lost] == [[], []]
    assert (await queue.document(kept))["lost_at"] is None

    again = await restoring.done(await restoring.order(since))
    assert counts(again) == {"there": 3, "not_sure": 1}
    actions = await queue.pool.fetch("SELECT action, count(*) FROM audit GROUP BY action")
    assert {row["action"]: row["count"] for row in actions} == {
        "d365_restored": 2, "d365_restored_dry_run": 1, "deliver_again": 2,
    }  # fmt: skip


async def test_in_a_d365_refreshed_from_another_environment_each_case_arrives_once(
    restoring: Restoring, queue: Queue, d365: Sandbox
) -> None:
    """Its cases now belong to another Casebridge, under Case IDs that were ours."""
    since = await queue.pool.fetchval("SELECT clock_timestamp()")
    lost = [await known_case(queue) for _ in range(3)]
    theirs: dict[str, str] = {}
    for event in lost:
        number = (await queue.document(event))["case_id"]
        theirs[number] = new_web_case_id()
        change = {"WebCaseId": theirs[number], "SubmissionId": "", "Description": "another Casebridge's"}
        await d365.control("PATCH", f"/cases/usmf/{number}", change)
    waiting, fresh = submitted(submitted_at=old()), submitted()
    for event in (waiting, fresh):
        await queue.take_in(event)
        await queue.until(event, "delivered")
        assert len(await cases_of(d365, event)) == 1

    assert counts(await restoring.done(await restoring.order(since))) == {"there": 2, "queued": 3}

    for event in lost:
        document = await queue.until(event, "delivered")
        assert document["case_id"] not in theirs
        assert len(await cases_of(d365, event)) == 1
    kept = {case["CaseId"]: case["WebCaseId"] for case in await d365.cases() if case["CaseId"] in theirs}
    assert kept == theirs


async def test_before_the_first_case_one_goes_first_and_is_the_control_of_the_rest(
    restoring: Restoring, queue: Queue, d365: Sandbox
) -> None:
    await d365.back_up()
    since = await queue.pool.fetchval("SELECT clock_timestamp()")
    lost = [await known_case(queue) for _ in range(3)]
    await d365.restore()

    foreseen = await restoring.done(await restoring.order(since, dry_run=True))
    assert counts(foreseen) == {"not_sure": 3}
    restore_page = await restoring.done(await restoring.order(since))

    assert counts(restore_page) == {"queued": 3}
    for event in lost:
        await queue.until(event, "delivered")
        assert len(await cases_of(d365, event)) == 1


async def test_what_was_lost_while_the_clock_of_d365_was_ahead_is_delivered_again(
    restoring: Restoring, queue: Queue, d365: Sandbox
) -> None:
    """By our clock, it was delivered three minutes before the time to which D365 was restored."""
    await known_case(queue)
    await queue.pool.execute("UPDATE documents SET delivered_at = delivered_at - interval '1 hour'")
    await d365.back_up()
    lost = await known_case(queue)
    await d365.restore()
    delivered_at = (await queue.document(lost))["delivered_at"]
    await queue.pool.execute(
        "UPDATE documents SET delivered_at = delivered_at - interval '3 minutes' WHERE web_case_id = $1",
        lost.web_case_id,
    )

    restore_page = await restoring.done(await restoring.order(delivered_at))

    assert counts(restore_page) == {"queued": 1}
    await queue.until(lost, "delivered")
    assert len(await cases_of(d365, lost)) == 1


async def test_where_d365_hides_what_it_has_a_restore_sends_one_document_at_most(
    restoring: Restoring, queue: Queue, d365: Sandbox
) -> None:
    since = await queue.pool.fetchval("SELECT clock_timestamp()")
    there = [await known_case(queue) for _ in range(3)]
    await d365.control("DELETE", "/counters")
    await d365.fault(kind="empty_list", operation="read", entity_set="DealerPortalCases", id="blind")

    restore = await restoring.order(since)

    async def states() -> list[str]:
        await restoring.work(queue.dispatcher._leader)
        return sorted([(await queue.document(event))["state"] for event in there])

    # D365 refuses it as a duplicate, though a look-up finds no such case.
    await eventually(states, lambda found: "failed" in found)
    for _ in range(5):
        assert await states() == ["delivered", "delivered", "failed"]
    held_up = await restoring.api.get(f"/d365/restores/{restore['restore_id']}")
    assert "One case is delivered again first" in held_up["held_up_by"]
    assert (await restoring.order(since))["restore_id"] == restore["restore_id"]
    assert (await restoring.order(since - timedelta(hours=1), status=409))["restore_id"] == restore["restore_id"]
    await d365.control("DELETE", "/faults/blind")
    restore_page = await restoring.done(restore)
    assert counts(restore_page) == {"queued": 1, "there": 2}
    (failed,) = [event for event in there if (await queue.document(event))["state"] == "failed"]
    await restoring.api.act(f"{failed.web_case_id}-1", "verify", {"reason": "it was hidden"})
    for event in there:
        await queue.until(event, "delivered")
        assert len(await cases_of(d365, event)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "r"},
        {"since": "2999-01-01T00:00:00Z", "reason": "r"},
        {"since": "2026-01-01T00:00:00", "reason": "r"},
        {"since": 5, "reason": "r"},
    ],
)
async def test_the_time_of_a_restore_is_asked_for_by_name(api: Api, body: Json) -> None:
    answer = await api.client.post("/v1/d365/restores", json=body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/since")

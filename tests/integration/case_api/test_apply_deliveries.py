"""d365-sync's reports about submissions, and their effect on the cases."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from prometheus_client import REGISTRY

from case_api.consumers import DeliveryConsumer
from case_api.domain.overlay import with_delivery
from case_api.postgres.live_store import PostgresLiveStore
from case_api.web.schemas import Timeline
from case_shared.words.events import AttemptSummary, Outcome, SubmissionState
from tests.integration.case_api.conftest import CASES, DEALER, Api, Json
from tests.integration.case_api.deliveries import RESENDS, deliver, delivery, handle, handle_records, raw
from tests.support.eventually import eventually
from tests.support.submissions import store_document

S = SubmissionState


async def resubmit(api: Api, case: Json, version: int, **changes: object) -> int:
    """Edit a returned draft and submit it again; returns the version that was submitted."""
    headers = {"If-Match": f'"{version}"'}
    path = f"{CASES}/{case['web_case_id']}"
    answer = await api.client.patch(path, json=changes, headers=headers)
    assert answer.status_code == 200, answer.text
    answer = await api.submit(case, version=version + 1)
    assert answer.status_code == 202, answer.text
    return version + 1


async def test_the_greater_revision_wins_in_any_order(api: Api) -> None:
    case = await api.submitted()
    await deliver(api, case, S.FAILED, revision=3, cause="rejected", reason="Category unknown")
    for stale in (1, 2, 3):
        await deliver(api, case, S.DELIVERING, revision=stale)
    submission = (await api.get(case))["submission"]
    assert (submission["state"], submission["reason"]) == ("failed", "Category unknown")
    started = datetime.now(UTC)
    attempt = AttemptSummary(started=started, ended=started + timedelta(seconds=2), outcome=Outcome.DELIVERED)
    events = [
        await delivery(api, case, S.DELIVERED, revision=5, case_id="C-1", attempts=(attempt,)),
        await delivery(api, case, S.DELIVERING, revision=4),
    ]
    await handle(api, events)
    submission = (await api.get(case))["submission"]
    assert (submission["state"], submission["case_id"], submission["reason"]) == ("delivered", "C-1", None)
    assert submission["attempts"][0]["outcome"] == "delivered"
    assert submission["delivered_at"] is not None


async def test_a_case_that_d365_lost_is_under_way_again_without_its_case_id(api: Api) -> None:
    case = await api.submitted()
    await deliver(api, case, S.DELIVERED, revision=2, case_id="C-1")
    await deliver(api, case, S.PENDING, revision=3, cause="lost_in_d365")
    submission = (await api.get(case))["submission"]
    assert (submission["state"], submission["case_id"], submission["delivered_at"]) == ("pending", None, None)
    await deliver(api, case, S.DELIVERED, revision=5, case_id="C-2")
    submission = (await api.get(case))["submission"]
    assert (submission["state"], submission["case_id"]) == ("delivered", "C-2")
    entries = (await api.client.get(f"{CASES}/{case['web_case_id']}/timeline")).json()["items"]
    (again,) = [entry for entry in entries if entry["event"] == "replayed"]
    assert "restored" in again["detail"]


async def test_a_case_id_that_changes_is_in_the_timeline(api: Api) -> None:
    case = await api.submitted()
    await deliver(api, case, S.DELIVERED, revision=2, case_id="C-1")
    await deliver(api, case, S.DELIVERED, revision=3, case_id="C-1", cause="found_twice")
    # Support chooses the other one of two cases; later D365 gives that one another number.
    await deliver(api, case, S.DELIVERED, revision=4, case_id="C-2", cause="linked")
    await deliver(api, case, S.DELIVERED, revision=5, case_id="C-3", cause="linked")
    assert (await api.get(case))["case_id"] == "C-3"
    entries = (await api.client.get(f"{CASES}/{case['web_case_id']}/timeline")).json()["items"]
    assert [(entry["event"], entry["by"], entry["detail"]) for entry in entries[2:]] == [
        ("delivered", None, "C-1"), ("linked", "support", None), ("delivered", None, "C-2"), ("delivered", None, "C-3"),
    ]  # fmt: skip


async def test_a_delivery_is_dated_by_itself_not_by_what_came_after(api: Api) -> None:
    case = await api.submitted()
    first = await delivery(api, case, S.DELIVERED, revision=2, case_id="C-1")
    first = first.model_copy(update={"occurred_at": datetime.now(UTC) + timedelta(minutes=1)})
    second = first.model_copy(update={"revision": 3, "occurred_at": first.occurred_at + timedelta(hours=1)})
    for one in (first, second):
        await store_document(api.database, one)
    # The streams read the same topic, perhaps before the consumer has stored the state.
    (live,) = await PostgresLiveStore(api.service.pool).find([case["web_case_id"]], [DEALER])
    shown = with_delivery(live).submission
    assert shown is not None
    assert shown.delivered_at == first.occurred_at
    await handle_records(api, [second])
    submission = (await api.get(case))["submission"]
    assert datetime.fromisoformat(submission["delivered_at"]) == first.occurred_at
    entries = (await api.client.get(f"{CASES}/{case['web_case_id']}/timeline")).json()["items"]
    assert (entries[-1]["event"], datetime.fromisoformat(entries[-1]["at"])) == ("delivered", first.occurred_at)


async def test_how_long_a_delivery_took_is_measured_once(api: Api) -> None:
    def measured() -> tuple[float, float]:
        name = "casebridge_submission_delivered_seconds"
        found = [REGISTRY.get_sample_value(f"{name}_{part}") or 0 for part in ("count", "sum")]
        return found[0], found[1]

    case = await api.submitted()
    count, total = measured()
    await deliver(api, case, S.DELIVERING, revision=1)
    assert measured()[0] == count
    for revision in (2, 3):
        await deliver(api, case, S.DELIVERED, revision=revision, case_id="C-1")
    assert measured()[0] == count + 1
    assert 0 <= measured()[1] - total < 60
    # D365 was restored, and has it again much later: that says nothing of how long a dealer waits.
    async with api.database.connect() as connection:
        await connection.execute("UPDATE d365_sync.documents SET lost_at = now()")
    await deliver(api, case, S.PENDING, revision=4, cause="lost_in_d365")
    await deliver(api, case, S.DELIVERED, revision=5, case_id="C-2")
    assert measured()[0] == count + 1


async def test_a_returned_case_is_a_draft_again_and_can_be_submitted_again(api: Api) -> None:
    case = await api.submitted()
    await deliver(api, case, S.RETURNED, revision=2, reason="Please name the machine.")
    returned = await api.get(case)
    assert returned["status"] == "draft"
    assert returned["submission"]["reason"] == "Please name the machine."
    assert returned["allowed_actions"] == ["edit", "submit", "copy"]
    # A late repetition of the first submission must not submit the draft.
    assert (await api.submit(case, version=1)).status_code == 412
    path = f"{CASES}/{case['web_case_id']}"
    assert (await api.client.delete(path, headers={"If-Match": '"2"'})).status_code == 409
    await resubmit(api, case, 2, description="The pump of machine 7 leaks.")
    again = await api.get(case)
    assert (again["status"], again["submission"]["submission_no"]) == ("submitted", 2)
    # The same return, repeated, concerns the previous submission.
    await deliver(api, case, S.RETURNED, revision=9)
    assert (await api.get(case))["status"] == "submitted"


async def test_an_emptied_draft_that_is_submitted_as_it_is_begins_again(api: Api) -> None:
    case = await api.submitted()
    await deliver(api, case, S.RETURNED, revision=2)
    await api.fetch("SELECT case_api.empty_personal_data(ARRAY[$1])", case["web_case_id"])
    (draft,) = await api.fetch("SELECT version, emptied_at IS NOT NULL AS emptied FROM case_api.cases")
    assert draft["emptied"]
    assert (await api.submit(case, version=draft["version"])).status_code == 202
    # From then on D365's words are shown again, and end with the case.
    assert await api.fetch("SELECT web_case_id FROM case_api.cases WHERE emptied_at IS NULL")


async def test_a_delivery_after_the_return_makes_the_case_submitted_as_number_1(api: Api) -> None:
    case = await api.submitted()
    await deliver(api, case, S.RETURNED, revision=2)
    await resubmit(api, case, 2, description="other words")
    await deliver(api, case, S.DELIVERED, revision=3, case_id="C-1")
    await deliver(api, case, S.FAILED, revision=1, submission_no=2, cause="superseded")
    now = await api.get(case)
    assert (now["status"], now["submission"]["submission_no"]) == ("submitted", 1)
    assert now["submission"]["state"] == "delivered"
    assert now["description"] == "The pump leaks."


async def test_a_case_whose_earlier_submission_counts_again_can_be_submitted_once_more(api: Api) -> None:
    case = await api.submitted()
    await deliver(api, case, S.RETURNED, revision=2)
    await resubmit(api, case, 2, description="other words")
    await deliver(api, case, S.DELIVERED, revision=3, case_id="C-1")
    await deliver(api, case, S.FAILED, revision=1, submission_no=2, cause="superseded")
    # D365 is restored, refuses the case when it gets it again, and support returns it.
    await deliver(api, case, S.PENDING, revision=4, cause="lost_in_d365")
    await deliver(api, case, S.RETURNED, revision=6)
    assert (await api.get(case))["status"] == "draft"
    (draft,) = await api.fetch("SELECT version FROM case_api.cases")
    await resubmit(api, case, draft["version"], description="once more")
    again = await api.get(case)
    assert (again["status"], again["submission"]["submission_no"]) == ("submitted", 3)


async def test_a_delivery_after_the_return_takes_the_draft_away(api: Api) -> None:
    case = await api.submitted()
    await deliver(api, case, S.RETURNED, revision=2)
    await deliver(api, case, S.DELIVERED, revision=3, case_id="C-1")
    now = await api.get(case)
    assert (now["status"], now["submission"]["state"]) == ("submitted", "delivered")
    assert (await api.submit(case, version=2)).status_code == 412


async def test_a_delivery_that_meets_the_resubmission_makes_the_case_number_1_again(api: Api) -> None:
    case = await api.submitted()
    await deliver(api, case, S.RETURNED, revision=2)
    late = await delivery(api, case, S.DELIVERED, revision=3, case_id="C-1")
    async with api.database.connect() as dealer:
        async with dealer.transaction():
            # As case_api/postgres/sql/submit_cases.sql does.
            await dealer.execute("UPDATE case_api.cases SET phase = 'submitted', submission_no = 2")
            await dealer.execute(
                "INSERT INTO case_api.submissions SELECT web_case_id, 2, gen_random_uuid(), dealer, data_area_id,"
                " customer_account, content, created_by, submitted_by, now(), NULL FROM case_api.submissions"
            )
            await dealer.execute(
                "INSERT INTO case_api.submission_states (web_case_id, submission_no, resend_at) VALUES ($1, 2, now())",
                case["web_case_id"],
            )
            applying = asyncio.create_task(handle(api, [late]))
            await eventually(api.waiting)
        await applying
    now = await api.get(case)
    assert (now["submission"]["submission_no"], now["submission"]["state"]) == (1, "delivered")


async def test_an_event_of_another_submission_changes_nothing(api: Api) -> None:
    case = await api.submitted()
    ours = await delivery(api, case, S.DELIVERED)
    await handle(api, [ours.model_copy(update={"submission_id": uuid4()})])
    assert (await api.get(case))["submission"]["state"] == "pending"


async def test_a_forged_event_shows_and_freezes_nothing_and_is_kept_apart(api: Api) -> None:
    case, other = await api.submitted(), await api.submitted()
    forged: Json = {"revision": 2**31 - 1, "case_id": "C-666", "reason": "another dealer's words"}
    events = [await delivery(api, one, S.FAILED, **forged) for one in (case, other)]
    true = await delivery(api, other, S.DELIVERED, revision=2, case_id="C-2")
    await store_document(api.database, true)

    await handle_records(api, [*events, true])

    untouched = (await api.get(case))["submission"]
    assert (untouched["state"], untouched["case_id"], untouched["reason"]) == ("pending", None, None)
    now = (await api.get(other))["submission"]
    assert (now["state"], now["case_id"], now["reason"]) == ("delivered", "C-2", None)
    rows = await api.fetch("SELECT record_offset, cause FROM d365_sync.unreadable_records")
    assert [(row["record_offset"], "d365-sync" in row["cause"]) for row in rows] == [(0, True)]


async def test_a_state_that_was_frozen_by_a_forged_revision_heals_by_the_next_event(api: Api) -> None:
    case = await api.submitted()
    await api.fetch(
        "UPDATE case_api.submission_states SET revision = 2147483647, state = 'discarded', reason = 'forged'"
    )
    await deliver(api, case, S.DELIVERED, revision=2, case_id="C-1")
    submission = (await api.get(case))["submission"]
    assert (submission["state"], submission["reason"]) == ("delivered", None)


async def test_what_cannot_be_read_is_kept_and_delays_nothing(api: Api) -> None:
    case = await api.submitted()
    good = await delivery(api, case, S.DELIVERING)
    await store_document(api.database, good)
    records = [raw(b"{", offset=7), raw(good.model_dump_json().encode(), offset=8), raw(None, offset=9)]
    await DeliveryConsumer(api.service.pool, RESENDS).handle(records)
    assert (await api.get(case))["submission"]["state"] == "delivering"
    rows = await api.fetch("SELECT record_offset, consumer_group FROM d365_sync.unreadable_records ORDER BY 1")
    assert [tuple(row) for row in rows] == [(7, "case-api.case.delivery.v1"), (9, "case-api.case.delivery.v1")]


async def test_the_timeline_shows_it_all(api: Api) -> None:
    case = await api.submitted()
    started = datetime.now(UTC) + timedelta(seconds=1)
    attempt = AttemptSummary(started=started, ended=started + timedelta(seconds=2), outcome=Outcome.REJECTED)
    await deliver(api, case, S.RETURNED, revision=2, reason="Which machine?", attempts=(attempt,))
    await api.fetch("UPDATE case_api.submission_changes SET at = at + interval '9 seconds'")
    answer = await api.client.get(f"{CASES}/{case['web_case_id']}/timeline")
    assert Timeline.model_validate_json(answer.content)
    items = answer.json()["items"]
    assert [item["event"] for item in items] == ["created", "submitted", "attempt", "returned"]
    assert [item["by"] for item in items[:2]] == ["ann", "ann"]
    assert items[1]["content"]["description"] == "The pump leaks."
    assert (items[2]["detail"], items[2]["duration_seconds"]) == ("rejected", 2.0)
    assert (items[3]["by"], items[3]["detail"]) == ("support", "Which machine?")


async def test_the_timeline_keeps_what_support_did_and_each_status(api: Api) -> None:
    case = await api.submitted()
    await deliver(api, case, S.FAILED, revision=2, reason="Refused")
    await deliver(api, case, S.FAILED, revision=2, reason="Refused")
    for revision, state in enumerate((S.PENDING, S.DELIVERING, S.DEFERRED, S.DELIVERING), start=3):
        await deliver(api, case, state, revision=revision)
    await deliver(api, case, S.FAILED, revision=7, reason="Refused again")
    await deliver(api, case, S.DELIVERED, revision=8, case_id="C-1", cause="linked", reason="It stands there")
    await api.fetch(
        "INSERT INTO status_sync.status_changes (web_case_id, as_of, status)"
        " VALUES ($1, now() + interval '1 minute', 'in_process'), ($1, now() + interval '2 minutes', 'closed'),"
        " ('W000000000', now(), 'canceled')",
        case["web_case_id"],
    )
    answer = await api.client.get(f"{CASES}/{case['web_case_id']}/timeline")
    assert Timeline.model_validate_json(answer.content)
    found = [(item["event"], item["by"], item["detail"]) for item in answer.json()["items"]]
    assert found == [
        ("created", "ann", None),
        ("submitted", "ann", None),
        ("failed", None, "Refused"),
        ("replayed", "support", None),
        ("failed", None, "Refused again"),
        ("linked", "support", "It stands there"),
        ("delivered", None, "C-1"),
        ("status", "D365", "in_process"),
        ("status", "D365", "closed"),
    ]
    assert answer.json()["items"][-1]["duration_seconds"] == 60.0

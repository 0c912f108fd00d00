"""The traps of look-ups: when 'absent' is no proof, and when 'present' is not ours."""

from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from case_shared.d365.mapping import Mapping
from case_shared.words.events import CaseContent
from d365_sync.metrics import Measure
from d365_sync.postgres.checks import PostgresChecks
from d365_sync.postgres.control import PostgresControl
from d365_sync.postgres.documents import PostgresDocuments
from d365_sync.postgres.queries import Queries
from tests.integration.d365_sync.conftest import (
    SETTLE_SECONDS,
    Queue,
    cases_of,
    dispatching,
    known_case,
    old,
    submitted,
)
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.sandbox import Sandbox

NO_PROOF: list[tuple[str, dict[str, Any]]] = [
    ("an empty list without the positive control", {"kind": "empty_list"}),
    ("a maintenance page with 200", {"kind": "html"}),
    ("a redirect", {"kind": "redirect"}),
    ("cut JSON", {"kind": "not_json"}),
    ("503", {"kind": "status", "status": 503}),
    ("a role that hides the entity", {"kind": "status", "status": 403}),
]
LOOKED_UP_AFTER_SETTLING = """
SELECT d.settles_at < now() AND EXISTS (
    SELECT FROM attempts AS a
    WHERE a.web_case_id = d.web_case_id AND a.kind = 'read_back' AND a.ended_at IS NOT NULL
        AND (a.started_at > d.settles_at OR (SELECT breaker <> 'closed' FROM delivery_control))
) FROM documents AS d WHERE d.web_case_id = $1
"""


@pytest.mark.parametrize(("name", "fault"), NO_PROOF, ids=[name for name, _ in NO_PROOF])
async def test_what_proves_nothing_leads_to_no_second_post(
    database: Database, d365: Sandbox, name: str, fault: dict[str, Any]
) -> None:
    # Look-ups so rarely that the breaker does not open before the settling time has passed.
    async with dispatching(database, d365, d365_backoff_max_seconds=0.5 * PATIENCE) as queue:
        await known_case(queue)
        await d365.fault(kind="drop", operation="create", when="after_commit", count=1)
        await d365.fault(**{"operation": "read", "entity_set": "DealerPortalCases", "id": "blind", **fault})
        event = submitted()
        await queue.take_in(event)

        # If a look-up after the settling time were believed, a second POST would follow now. Some answers open the
        # breaker: then there is none to believe.
        await eventually(lambda: queue.pool.fetchval(LOOKED_UP_AFTER_SETTLING, event.web_case_id))
        assert (await queue.document(event))["state"] == "verifying"

        await d365.control("DELETE", "/faults/blind")
        await queue.until(event, "delivered", "read_back")
        assert [kind for kind, _ in await queue.outcomes(event)].count("create") == 1
        assert len(await cases_of(d365, event)) == 1


async def test_without_a_known_case_a_readable_entity_set_is_proof_enough(queue: Queue, d365: Sandbox) -> None:
    event = submitted(submitted_at=old())
    await queue.take_in(event)

    await queue.until(event, "delivered")

    assert await queue.outcomes(event) == [("read_back", "absent"), ("create", "delivered")]


async def test_a_case_with_our_number_and_other_content_is_a_dead_letter(queue: Queue, d365: Sandbox) -> None:
    await known_case(queue)
    event = submitted(submitted_at=old())
    await d365.control("POST", "/cases", foreign_case(event.web_case_id))
    await queue.take_in(event)

    document = await queue.until(event, "failed", "exists_with_other_content")

    assert "CASE-" in document["detail"]
    assert len(await cases_of(d365, event)) == 1


async def test_a_case_that_d365_has_twice_is_an_alarm(database: Database, tmp_path: Any) -> None:
    from tests.support import sandbox

    async with sandbox.started(tmp_path, unique_web_case_id="false") as d365, dispatching(database, d365) as queue:
        await known_case(queue)
        event = submitted(submitted_at=old())
        for _ in range(2):
            await d365.control("POST", "/cases", foreign_case(event.web_case_id))
        await queue.take_in(event)

        document = await queue.until(event, "failed", "found_twice")

        assert document["detail"].count("CASE-") == 2
        # As another process sees it that has found nothing twice itself, until an operator has dealt with it.
        measure = Measure(PostgresControl(queue.pool), Queries(queue.pool), PostgresChecks(queue.pool, "", Mapping()))
        for update, twice in (
            ("", 1),
            ("state = 'delivered', cause = 'found', case_id = 'C-1', alarms = '{second_case}'", 1),
            ("alarms = '{}'", 0),
        ):
            if update:
                await queue.pool.execute(f"UPDATE documents SET {update} WHERE web_case_id = $1", event.web_case_id)
            await measure.backlog()
            assert REGISTRY.get_sample_value("d365_sync_cases_twice") == twice


@pytest.mark.parametrize("content", ["content", "NULL"], ids=["kept", "emptied"])
async def test_a_resubmission_finds_the_late_case_of_the_first_one(queue: Queue, d365: Sandbox, content: str) -> None:
    await known_case(queue)
    first = submitted()
    second = submitted(web_case_id=first.web_case_id, submission_no=2, submission_id=uuid4())
    await d365.fault(kind="reject", operation="create", web_case_id=first.web_case_id, count=1)
    await queue.take_in(first)
    failed = await queue.until(first, "failed")
    await queue.pool.execute(
        f"UPDATE documents SET state = 'returned', revision = revision + 1, content = {content} WHERE web_case_id = $1",
        first.web_case_id,
    )
    assert failed["case_id"] is None
    landed = foreign_case(first.web_case_id) | {"SubmissionId": str(first.submission_id)}
    await d365.control("POST", "/cases", landed)

    await queue.take_in(second)

    await queue.until(second, "failed", "superseded")
    document = await queue.until(first, "delivered", "evidence")
    (case,) = await cases_of(d365, first)
    assert document["case_id"] == case["CaseId"]


async def test_a_resubmission_is_not_sent_beside_the_case_that_its_first_submission_is_linked_to(
    queue: Queue, d365: Sandbox
) -> None:
    """An operator has linked it to a case that staff typed in: without Web Case ID, a look-up does not find it."""
    await known_case(queue)
    first = submitted()
    second = submitted(web_case_id=first.web_case_id, submission_no=2, submission_id=uuid4())
    await d365.fault(kind="reject", operation="create", web_case_id=first.web_case_id, count=1)
    await queue.take_in(first)
    await queue.until(first, "failed")
    await queue.pool.execute(
        "UPDATE documents SET state = 'delivered', cause = 'linked', case_id = 'CASE-X', delivered_at = now()"
        " WHERE web_case_id = $1",
        first.web_case_id,
    )

    await queue.take_in(second)

    document = await queue.until(second, "failed", "superseded")
    assert document["detail"] == "Submission 1 of this case is delivered as case CASE-X"
    assert await cases_of(d365, first) == []


async def test_a_resubmission_that_is_new_to_d365_is_looked_up_first(queue: Queue, d365: Sandbox) -> None:
    await known_case(queue)
    event = submitted(submission_no=2)
    await queue.take_in(event)

    await queue.until(event, "delivered")

    assert await queue.outcomes(event) == [("read_back", "absent"), ("create", "delivered")]


async def test_an_intent_whose_owner_died_is_looked_up_and_sent_again_after_settling(
    database: Database, d365: Sandbox
) -> None:
    async with dispatching(database, d365) as queue:
        await known_case(queue)
        await queue.pool.execute("UPDATE delivery_control SET paused = true")
        event = submitted()
        await queue.take_in(event)
        # The state after a process dies between the intent and the outcome. The lease may expire at once.
        await queue.pool.execute("INSERT INTO attempts VALUES ($1, 1, 1, 'create', now())", event.web_case_id)
        lease_expires_at = await queue.pool.fetchval(
            """
            UPDATE documents SET state = 'delivering', attempts = 1, lease_token = gen_random_uuid(),
                lease_kind = 'create', lease_expires_at = now() + interval '0.5 seconds' WHERE web_case_id = $1
            RETURNING lease_expires_at
            """,
            event.web_case_id,
        )
        await queue.pool.execute("UPDATE delivery_control SET paused = false")

        await queue.until(event, "delivered")

        attempts = await queue.attempts(event)
        assert attempts[0]["outcome"] == "unknown"
        assert (attempts[-2]["kind"], attempts[-2]["finding"]) == ("read_back", "absent")
        assert (attempts[-1]["started_at"] - lease_expires_at).total_seconds() >= SETTLE_SECONDS
        assert len(await cases_of(d365, event)) == 1


async def test_late_evidence_is_not_fenced(queue: Queue, d365: Sandbox) -> None:
    await d365.fault(kind="reject", operation="create", count=1)
    event = submitted()
    await queue.take_in(event)
    await queue.until(event, "failed")
    documents = PostgresDocuments(queue.pool, queue.dispatcher.backpressure.clock, "unused")

    for state in ("failed", "returned", "discarded"):
        await queue.pool.execute(
            "UPDATE documents SET state = $2, case_id = NULL WHERE web_case_id = $1", event.web_case_id, state
        )
        await documents.deliver_by_evidence([(event.web_case_id, event.submission_id, "CASE-7")])
        document = await queue.document(event)
        assert (document["state"], document["cause"], document["case_id"]) == ("delivered", "evidence", "CASE-7")


async def test_a_legal_entity_without_answers_keeps_no_others_look_ups_waiting(
    database: Database, d365: Sandbox
) -> None:
    timeout = 2.0
    slow = {"d365_timeout_seconds": timeout * PATIENCE, "d365_settle_seconds": 1.5 * timeout * PATIENCE}
    async with dispatching(database, d365, **slow) as queue:
        await known_case(queue)
        await queue.pool.execute("UPDATE delivery_control SET paused = true")
        unresponsive = [
            submitted(data_area_id="demf", customer_account="DE-001", dealer="demf-de-001") for _ in range(120)
        ]
        well = submitted()
        await queue.take_in(*unresponsive, well)
        await queue.pool.execute(
            "UPDATE documents SET state = 'verifying', verify_at = now() - interval '1 minute' WHERE state = 'pending'"
        )
        await d365.fault(kind="hang", operation="read", text="demf", delay_seconds=60, id="unresponsive")
        await d365.control("DELETE", "/counters")

        await queue.pool.execute("UPDATE delivery_control SET paused = false, paused_at = NULL")
        await queue.until(well, "delivered", within=0.9 * timeout)  # before the other's first request times out

        requests = (await d365.control("GET", "/requests?limit=50"))["items"]
        assert len([one for one in requests if "demf" in one["query"].lower()]) == 1
        assert (await queue.document(unresponsive[0]))["state"] == "verifying"


async def test_many_look_ups_are_one_request(queue: Queue, d365: Sandbox) -> None:
    await known_case(queue)
    await queue.pool.execute("UPDATE delivery_control SET paused = true")
    events = [submitted(submitted_at=old()) for _ in range(40)]
    await queue.take_in(*events)
    await d365.control("DELETE", "/counters")

    await queue.pool.execute("UPDATE delivery_control SET paused = false")
    for event in events:
        await queue.until(event, "delivered")

    requests = (await d365.control("GET", "/requests?limit=500"))["items"]
    reads = [request for request in requests if request["method"] == "GET" and "DealerPortalCases" in request["path"]]
    assert len(reads) <= 4
    assert len(await cases_of(d365, *events)) == 40


def foreign_case(web_case_id: str) -> dict[str, Any]:
    """A case that somebody else created with our number."""
    content = CaseContent(category="Warranty", description="Something else.")
    return {
        "dataAreaId": "usmf",
        "WebCaseId": web_case_id,
        "CustomerAccount": "US-001",
        "CaseCategory": content.category,
        "CategoryType": "Service",
        "Description": content.description,
    }

"""Evidence from D365: never fenced, never overwritten by a look-up that began earlier; duplicates show."""

import pytest
from structlog.testing import capture_logs

from case_shared.words.actor import Actor
from case_shared.words.events import CaseSubmitted
from d365_sync.app.operator_actions import Order
from d365_sync.domain.document import Action, AttemptKind, Claim, Finding
from d365_sync.domain.look_ups import after_look_up, not_cleared
from tests.integration.d365_sync.by_hand import POLICY, ByHand, by_hand
from tests.integration.d365_sync.conftest import Queue, key, known_case, old, submitted
from tests.integration.d365_sync.operators import Api
from tests.support.databases import Database


async def verifying(queue: ByHand, event: CaseSubmitted) -> Claim:
    await queue.take_in(event)
    await queue.set(
        event, "state = 'verifying', verify_at = now(), posts = 1, read_back_first = true, cause = 'no_answer'"
    )
    (claim,) = await queue.claim_to_look_up()
    return claim


async def test_vague_evidence_during_a_look_up_permits_no_post_on_its_result(database: Database) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        claim = await verifying(queue, event)

        await queue.seen(event, "CASE-1", None)

        assert after_look_up(Finding.ABSENT, None, "", claim, POLICY).post_now
        assert await queue.documents.begin_posts(queue.leader, [claim], lease_seconds=30, support={}) == []
        await queue.store(claim, not_cleared(claim))
        (again,) = await queue.claim_to_look_up()
        await queue.looked_up(again, Finding.FOUND, "CASE-1")
        assert (await queue.row(event))["case_id"] == "CASE-1"


async def test_vague_evidence_during_the_look_up_before_a_first_post_permits_no_post(database: Database) -> None:
    async with by_hand(database) as queue:
        event = submitted(submitted_at=old())
        await queue.take_in(event)
        claim = await queue.claim_one()
        assert claim.kind is AttemptKind.LOOK_UP

        await queue.seen(event, "CASE-1", None)

        assert await queue.documents.begin_posts(queue.leader, [claim], lease_seconds=30, support={}) == []
        await queue.store(claim, not_cleared(claim))
        again = await queue.claim_one()
        assert again.kind is AttemptKind.LOOK_UP


async def test_vague_evidence_during_a_look_up_has_it_looked_up_once_more(database: Database) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        claim = await verifying(queue, event)

        await queue.seen(event, "CASE-1", None)
        await queue.looked_up(claim, Finding.OTHER_CONTENT)

        assert (await queue.row(event))["state"] == "failed"
        assert [again.id for again in await queue.claim_to_look_up()] == [claim.id]


async def test_vague_evidence_during_a_post_has_a_refusal_looked_up(database: Database) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        claim = await queue.claim_one()
        assert claim.kind is AttemptKind.CREATE

        await queue.seen(event, "CASE-1", None)
        await queue.created(claim, "CASE-1")

        row = await queue.row(event)
        assert (row["state"], row["verify_at"]) == ("delivered", None)


async def test_a_return_does_not_undo_vague_evidence(database: Database) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        await queue.set(event, "state = 'failed', cause = 'rejected'")
        await queue.seen(event, "CASE-1", None)

        await queue.actions.change(Action.RETURN, Order(key(event), 1, Actor("op"), "wrong"))
        (claim,) = await queue.claim_to_look_up()
        await queue.looked_up(claim, Finding.FOUND, "CASE-1")

        assert (await queue.row(event))["state"] == "delivered"


@pytest.mark.parametrize("how", ["post", "status-sync"])
async def test_a_second_case_of_the_same_submission_is_an_alarm(database: Database, how: str) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        claim = await queue.claim_one()
        await queue.seen(event, "CASE-1", event.submission_id)

        with capture_logs() as logs:
            for _ in range(2):
                if how == "post":
                    await queue.created(claim, "CASE-2")
                else:
                    await queue.documents.deliver_by_evidence([(event.web_case_id, event.submission_id, "CASE-2")])

        row = await queue.row(event)
        assert (row["state"], row["case_id"], row["other_case_ids"]) == ("delivered", "CASE-1", ["CASE-2"])
        assert row["cause"] == "found_twice"
        assert "CASE-2" in row["detail"]
        # D365 may also have given the one case a new number: then nothing is to be closed.
        assert "close all but one" in row["detail"]
        assert "new number, link that one" in row["detail"]
        if how == "status-sync":
            assert [log["log_level"] for log in logs if log["event"] == "found_twice"] == ["critical"]


@pytest.mark.parametrize("cause", ["read_back", "linked", "found_twice"])
async def test_a_delivered_document_takes_the_number_that_the_portal_follows(database: Database, cause: str) -> None:
    """D365 has renumbered the case, which is neither an alarm nor a second case."""
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        await queue.seen(event, "CASE-1", event.submission_id)
        await queue.set(event, f"cause = '{cause}'")
        before = await queue.row(event)

        with capture_logs() as logs:
            for _ in range(2):
                await queue.seen(event, "CASE-2", event.submission_id)

        row = await queue.row(event)
        assert (row["state"], row["case_id"], row["other_case_ids"]) == ("delivered", "CASE-2", [])
        assert (row["cause"], row["alarms"]) == ("linked" if cause == "linked" else "evidence", [])
        assert row["detail"] == "D365 has given case CASE-1 the number CASE-2"
        assert (row["revision"], row["delivered_at"]) == (before["revision"] + 1, before["delivered_at"])
        assert [log for log in logs if log["event"] == "found_twice"] == []


async def test_a_number_that_an_operator_did_not_choose_is_not_taken(database: Database) -> None:
    """The portal may still follow the other one of two cases when the operator's choice is stored."""
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        await queue.seen(event, "CASE-1", event.submission_id)
        await queue.set(event, "cause = 'linked', case_id = 'CASE-2', acknowledged_case_ids = '{CASE-1,CASE-2}'")

        await queue.seen(event, "CASE-1", event.submission_id)

        assert (await queue.row(event))["case_id"] == "CASE-2"


async def test_the_same_case_reported_again_is_no_alarm(database: Database) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        claim = await queue.claim_one()
        await queue.seen(event, "case-1", event.submission_id)
        await queue.created(claim, "CASE-1")

        row = await queue.row(event)
        assert (row["cause"], row["other_case_ids"]) == ("evidence", [])


async def test_an_alarm_is_filtered_and_ended_by_an_operator_who_has_seen_it(api: Api, queue: Queue) -> None:
    event = await known_case(queue)
    document = f"{event.web_case_id}-1"
    before = await api.get(f"/documents/{document}")
    assert (before["alarm"], (await api.get("/documents", alarm="second_case"))["items"]) == (None, [])
    refused = await api.act(document, "acknowledge", {"reason": "seen"}, status=409)
    assert "The document has no alarm" in refused["detail"]
    await queue.dispatcher.documents.deliver_by_evidence([(event.web_case_id, event.submission_id, "CASE-2")])

    alarmed = await api.get(f"/documents/{document}")
    assert (alarmed["alarm"], alarmed["other_case_ids"]) == ("second_case", ["CASE-2"])
    assert "acknowledge" in alarmed["allowed_actions"]
    assert [one["id"] for one in (await api.get("/documents", alarm="second_case"))["items"]] == [document]
    assert (await api.get("/documents", alarm="stored_differently"))["items"] == []
    assert (await api.client.get("/v1/documents", params={"alarm": "nonsense"})).status_code == 422
    for other, wording in (("CASE-9", "The other case is CASE-2"), (alarmed["case_id"], "already linked to case")):
        refused = await api.act(document, "link", {"reason": "a slip", "case_id": other}, status=409)
        assert wording in refused["detail"]
    stale = f'"{before["revision"]}"'
    await api.act(document, "acknowledge", {"reason": "seen"}, status=412, etag=stale)

    ended = await api.act(document, "acknowledge", {"reason": "closed there"})

    assert (ended["alarm"], ended["alarm_since"], ended["other_case_ids"]) == (None, None, ["CASE-2"])
    entry = (await api.get("/audit", document=document))["items"][0]
    assert (entry["action"], entry["reason"]) == ("acknowledge", "closed there")

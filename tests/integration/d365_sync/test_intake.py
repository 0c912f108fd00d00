"""Writing to Kafka cannot create a case: a record only names a submission that case-api has stored."""

from case_shared.kafka.records import store_batch
from case_shared.words.events import CaseContent
from d365_sync.consumers import _submitted
from d365_sync.postgres.intake import take_in
from tests.integration.d365_sync.by_hand import by_hand
from tests.integration.d365_sync.conftest import submitted
from tests.integration.d365_sync.test_service import record
from tests.integration.d365_sync.test_statements import FakeRecord
from tests.support.databases import Database
from tests.support.submissions import store_submissions


async def test_forged_submissions_are_kept_apart_however_many_and_the_others_flow(database: Database) -> None:
    good, forged = [submitted() for _ in range(3)], [submitted() for _ in range(400)]
    await store_submissions(database, *good)
    another = good[0].model_copy(update={"submission_id": forged[0].submission_id, "submission_no": 2})
    events = [*forged[:200], good[0], another, good[1], *forged[200:], good[2]]
    async with database.pool("d365_sync") as pool:
        stored = await store_batch(pool, "g", [FakeRecord(record(one)) for one in events], _submitted, take_in)
        taken = await pool.fetch("SELECT web_case_id FROM documents")
        kept = await pool.fetch("SELECT cause FROM unreadable_records")
    assert len(stored) == 3
    assert {row["web_case_id"] for row in taken} == {event.web_case_id for event in good}
    assert len(kept) == 401
    assert {"case-api has no such submission" in row["cause"] for row in kept} == {True}


async def test_what_is_delivered_is_what_case_api_has_stored(database: Database) -> None:
    async with by_hand(database) as queue:
        true = submitted()
        await store_submissions(database, true)
        forged = true.model_copy(
            update={
                "dealer": "usmf-us-002",
                "data_area_id": "demf",
                "customer_account": "US-002",
                "content": CaseContent(category="Other", description="forged"),
                "created_by": "mallory",
            }
        )
        await queue.take_in(forged)
        claim = await queue.claim_one()
    assert (claim.case.customer_account, claim.case.data_area_id) == ("US-001", "usmf")
    assert (claim.case.category, claim.case.description) == ("Warranty", "The pump leaks.")
    assert claim.case.created_by == "ann"


async def test_forged_evidence_delivers_nothing_and_has_d365_asked(database: Database) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        await queue.set(event, "state = 'failed', cause = 'rejected'")

        await queue.status_event(event, "CASE-666", event.submission_id)

        row = await queue.row(event)
        assert (row["state"], row["case_id"]) == ("failed", None)
        assert row["verify_at"] is not None

"""One row that cannot be read or published delays no other, and operators see it."""

import pytest

from case_shared.d365.models import D365Case
from case_shared.kafka.outbox import OutboxPublisher
from d365_sync.postgres.outbox import OUTBOX
from tests.integration.d365_sync.by_hand import by_hand
from tests.integration.d365_sync.conftest import Queue, known_case, old, submitted
from tests.support.databases import Database
from tests.support.outboxes import Kept, a_lease
from tests.support.sandbox import Sandbox


async def test_a_revision_that_fits_no_event_is_set_aside_and_keeps_no_other_from_being_published(
    database: Database,
) -> None:
    async with by_hand(database) as queue:
        bad, good = submitted(), submitted()
        await queue.take_in(bad, good)
        await queue.set(
            bad, f"state = 'delivered', case_id = '{'C' * 101}', revision = 2, changed_at = now() - interval '1 h'"
        )
        await queue.set(good, "state = 'delivered', case_id = 'C-1', revision = 2")
        kafka = Kept()
        publisher = OutboxPublisher(queue.pool, OUTBOX, kafka)

        assert await publisher.turn(a_lease()) is False

        assert [record.key for record in kafka.records] == [good.web_case_id.encode()]
        row = await queue.pool.fetchrow("SELECT * FROM refused_events")
        assert row is not None
        assert (row["web_case_id"], row["revision"], row["refusals"]) == (bad.web_case_id, 2, 1)
        assert "case_id" in row["refusal"]
        assert "CCC" not in row["refusal"]
        # It is an alarm until it can be published: when it is due, or with its next change.
        assert (await queue.row(bad))["published_revision"] < 2
        await publisher.turn(a_lease())
        assert len(kafka.records) == 1
        await queue.set(bad, "case_id = 'C-2'")
        await queue.pool.execute("UPDATE refused_events SET retry_at = now()")
        await publisher.turn(a_lease())
        assert [record.key for record in kafka.records[1:]] == [bad.web_case_id.encode()]
        assert await queue.pool.fetchval("SELECT count(*) FROM refused_events") == 0


@pytest.mark.parametrize("content", ["'{}'", "'[]'", "NULL", "jsonb_build_object('category', repeat('x', 200000))"])
async def test_a_payload_that_is_not_valid_any_more_is_a_dead_letter(database: Database, content: str) -> None:
    async with by_hand(database) as queue:
        bad, good = submitted(), submitted()
        await queue.take_in(bad, good)
        await queue.set(bad, f"content = {content}, submitted_at = now() - interval '1 minute'")

        claims = await queue.claim()

        assert [claim.id.web_case_id for claim in claims] == [good.web_case_id]
        row = await queue.row(bad)
        assert (row["state"], row["cause"], row["lease_token"]) == ("failed", "invalid_payload", None)
        assert row["detail"]
        assert row["revision"] > row["published_revision"]


async def test_an_unproven_document_whose_payload_is_not_valid_any_more_is_no_dead_letter(database: Database) -> None:
    async with by_hand(database) as queue:
        bad, good = submitted(), submitted()
        await queue.take_in(bad, good)
        for event in (bad, good):
            await queue.set(event, "state = 'verifying', verify_at = now() - interval '1 minute', posts = 1")
        await queue.set(bad, "content = '{}'")

        claims = await queue.claim_to_look_up()

        assert [claim.id.web_case_id for claim in claims] == [good.web_case_id]
        row = await queue.row(bad)
        assert (row["state"], row["cause"], row["lease_token"]) == ("verifying", "invalid_payload", None)
        assert await queue.pool.fetchval("SELECT $1::timestamptz > now() + interval '1 minute'", row["verify_at"])


async def test_an_earlier_submission_that_is_not_valid_any_more_hides_no_other(database: Database) -> None:
    async with by_hand(database) as queue:
        first = submitted()
        second = submitted(web_case_id=first.web_case_id, submission_no=2)
        third = submitted(web_case_id=first.web_case_id, submission_no=3)
        await queue.take_in(first, second, third)
        await queue.set(first, "content = '{}'")

        earlier = await queue.documents.earlier_submissions((await queue.claim())[-1].id)

        assert len(earlier) <= 2


@pytest.mark.parametrize("case_id", ["", "C" * 101])
async def test_a_case_id_that_cannot_be_used_is_a_dead_letter(
    queue: Queue, d365: Sandbox, monkeypatch: pytest.MonkeyPatch, case_id: str
) -> None:
    await known_case(queue)
    event = submitted(submitted_at=old())
    find = queue.dispatcher.look_up.d365.find_by_web_case_id

    async def found(*arguments: object, **options: object) -> object:
        answer = await find(*arguments, **options)  # type: ignore[arg-type]
        case = D365Case(
            data_area_id="usmf",
            case_id=case_id,
            web_case_id=event.web_case_id,
            customer_account="US-001",
            submission_id=str(event.submission_id),
        )
        return type(answer)({event.web_case_id: (case,)}, answer.proofs)

    monkeypatch.setattr(queue.dispatcher.look_up.d365, "find_by_web_case_id", found)
    await queue.take_in(event)

    document = await queue.until(event, "failed", "unusable_case_id")

    assert document["case_id"] is None
    assert "Case ID" in document["detail"]

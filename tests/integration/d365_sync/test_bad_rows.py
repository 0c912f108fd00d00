"""One row that cannot be read or told holds nobody else up, and operators see it."""

import pytest

from case_shared.d365.models import D365Case
from d365_sync.app.publish_deliveries import PublishDeliveries
from d365_sync.postgres.control import PostgresControl
from tests.integration.d365_sync.by_hand import by_hand
from tests.integration.d365_sync.conftest import Queue, known_case, old, submitted
from tests.support.databases import Database
from tests.support.sandbox import Sandbox


async def test_a_revision_that_cannot_be_told_does_not_keep_others_from_being_published(database: Database) -> None:
    async with by_hand(database) as queue:
        bad, good = submitted(), submitted()
        await queue.take_in(bad, good)
        await queue.set(
            bad, f"state = 'delivered', case_id = '{'C' * 101}', revision = 2, changed_at = now() - interval '1 h'"
        )
        await queue.set(good, "state = 'delivered', case_id = 'C-1', revision = 2")
        assert await PostgresControl(queue.pool).untold_seconds() > 3000
        told = []

        async def send(records: object) -> None:
            told.append(records)

        assert await PublishDeliveries(queue.outbox, send, queue.documents.clock)() is False

        assert len(told[0]) == 1  # type: ignore[arg-type]
        row = await queue.row(bad)
        assert "case_id" in row["detail"]
        assert row["published_revision"] == row["revision"]
        assert await PostgresControl(queue.pool).untold_seconds() == 0
        # Its sender hears nothing and sends it again: then it is tried again.
        await queue.take_in(bad)
        assert (await queue.row(bad))["published_revision"] < row["revision"]


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

        claims = await queue.claim_to_verify()

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
        return type(answer)({event.web_case_id: (case,)}, answer.controlled)

    monkeypatch.setattr(queue.dispatcher.look_up.d365, "find_by_web_case_id", found)
    await queue.take_in(event)

    document = await queue.until(event, "failed", "unusable_case_id")

    assert document["case_id"] is None
    assert "Case ID" in document["detail"]

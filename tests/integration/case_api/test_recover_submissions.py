"""Recovers submissions that Kafka has and a restored database lacks."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest_asyncio

from case_api.app.delete_case import delete_case
from case_api.domain.case import Action
from case_api.postgres.case_store import PostgresCaseStore
from case_api.postgres.rows import case_of
from case_api.postgres.statements import Statement
from case_api.recover_submissions import recover_submissions
from case_shared.database.postgres import create_pool
from case_shared.kafka.topics import CASE_DELIVERY, CASE_SUBMITTED
from case_shared.words.events import CaseContent, CaseSubmitted, Contact, Record
from tests.support import drafts
from tests.support.brokers import Broker
from tests.support.databases import Database


def submitted(web_case_id: str, submission_no: int = 1) -> CaseSubmitted:
    return CaseSubmitted(
        web_case_id=web_case_id,
        submission_no=submission_no,
        submission_id=uuid4(),
        dealer=drafts.DEALER,
        data_area_id=drafts.DATA_AREA_ID,
        customer_account=drafts.CUSTOMER_ACCOUNT,
        content=CaseContent(
            category="Repair", category_type="Service", description=f"no. {submission_no}", contact=Contact(name="Dora")
        ),
        created_by="dora",
        submitted_at=datetime.now(UTC),
    )


@pytest_asyncio.fixture
async def drawn(database: Database) -> list[str]:
    async with database.connect() as connection:
        return await drafts.insert(connection, 2)


async def test_lost_submissions_come_back_and_drafts_are_distrusted(
    database: Database, broker: Broker, drawn: list[str]
) -> None:
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY)
    was_draft, kept = drawn
    unknown = "W0000000T1"
    events = [submitted(was_draft), submitted(unknown), submitted(unknown, 2)]
    await broker.send(*(Record.of(one, source="case-api", time=one.submitted_at, traceparent=None) for one in events))
    url = database.url("case_migrations")
    async with await create_pool(url, schema="case_api", name="restored", size=2) as pool:
        reports = [await recover_submissions(pool, broker.settings) for _ in range(2)]
    assert [one.split(" ", 1)[0] for one in reports] == ["3", "0"]
    async with database.connect() as connection:
        cases = await connection.fetch(
            "SELECT web_case_id, phase, submission_no, description, created_by FROM case_api.cases"
        )
        submissions = await connection.fetch("SELECT submission_id FROM case_api.submissions")
        states = await connection.fetchval("SELECT count(*) FROM case_api.submission_states WHERE state = 'pending'")
    by_id = {row["web_case_id"]: tuple(row)[1:] for row in cases}
    assert by_id[was_draft] == ("submitted", 1, "no. 1", "dora")
    assert by_id[unknown] == ("submitted", 2, "no. 2", "dora")
    assert by_id[kept][:2] == ("draft", 1)  # however often: its next submission is number 2
    assert {row["submission_id"] for row in submissions} == {one.submission_id for one in events}
    assert states == len(events)


async def test_a_distrusted_draft_can_still_be_deleted(database: Database, broker: Broker, drawn: list[str]) -> None:
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY)
    draft, _ = drawn
    url = database.url("case_migrations")
    async with await create_pool(url, schema="case_api", name="restored", size=2) as pool:
        await recover_submissions(pool, broker.settings)
    async with database.pool("case_api") as pool:
        store = PostgresCaseStore(pool)
        found = await store.find(drafts.DEALER, draft)
        assert found is not None
        assert Action.DELETE in found.allowed_actions
        await delete_case(store, drafts.DEALER, draft, [found.version])
        assert await store.find(drafts.DEALER, draft) is None


async def test_a_returned_draft_keeps_why_it_came_back_and_is_looked_up_all_the_same(
    database: Database, broker: Broker, drawn: list[str]
) -> None:
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY)
    returned, _ = drawn
    event = submitted(returned)
    await broker.send(Record.of(event, source="case-api", time=event.submitted_at, traceparent=None))
    url = database.url("case_migrations")
    async with await create_pool(url, schema="case_api", name="restored", size=2) as pool:
        await recover_submissions(pool, broker.settings)
        await pool.execute("UPDATE cases SET phase = 'draft' WHERE web_case_id = $1", returned)
        await pool.execute("UPDATE submission_states SET state = 'returned', reason = 'Which machine?'")
        await recover_submissions(pool, broker.settings)
    async with database.pool("case_api") as pool:
        (row,) = await pool.fetch(Statement.GET_CASE.text, drafts.DEALER, returned)
    case = case_of(row)
    assert case.submission is not None
    assert (case.submission.reason, case.phase) == ("Which machine?", "draft")
    # The next one is number 2, which is never sent before a look-up (d365_sync/postgres/sql/take_in.sql).
    assert case.submission_no == 1


async def test_a_submission_that_comes_back_for_an_emptied_draft_begins_again(
    database: Database, broker: Broker, drawn: list[str]
) -> None:
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY)
    emptied, _ = drawn
    url = database.url("case_migrations")
    async with await create_pool(url, schema="case_api", name="restored", size=2) as pool:
        await pool.execute("UPDATE cases SET emptied_at = now() WHERE web_case_id = $1", emptied)
        event = submitted(emptied, 2)
        await broker.send(Record.of(event, source="case-api", time=event.submitted_at, traceparent=None))
        await recover_submissions(pool, broker.settings)
        (row,) = await pool.fetch("SELECT description, emptied_at FROM cases WHERE web_case_id = $1", emptied)
    assert tuple(row) == ("no. 2", None)

"""The conditions that keep a process from acting on a claim that it has lost, each alone, on a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from case_shared.d365.answers import Created
from case_shared.words.actor import Actor
from d365_sync.app.operator_actions import NotAllowed, Order
from d365_sync.app.ports import Result
from d365_sync.app.replays import DeadLetters, Forecast, ReplayOrder
from d365_sync.app.restore_d365 import LookedUp, LookedUpDocument, RestoreOrder
from d365_sync.domain.document import AttemptKind, Finding
from d365_sync.domain.outcomes import after_post
from d365_sync.domain.replay import ReplayOutcome
from d365_sync.postgres.d365_restores import PostgresRestores
from d365_sync.postgres.operator_actions import PostgresOperatorActions
from d365_sync.postgres.replays import PostgresReplays
from d365_sync.postgres.statements import Statement
from tests.integration.d365_sync.by_hand import EXCHANGE, POLICY, by_hand
from tests.integration.d365_sync.conftest import key, old, submitted
from tests.integration.d365_sync.test_evidence import verifying
from tests.support.clocks import HandClock
from tests.support.databases import Database
from tests.support.eventually import eventually

LEADS_NO_MORE = {
    "another leads": "UPDATE leases SET token = token + 1",
    "its lease has ended": "UPDATE leases SET expires_at = clock_timestamp() - interval '1 second'",
}
MAY_NOT_SEND = {
    **LEADS_NO_MORE,
    "the database belongs to another environment": "UPDATE delivery_control SET d365_url = 'http://other.test'",
    "delivery is paused": "UPDATE delivery_control SET paused = true",
    "another process has the document": (
        "UPDATE documents SET (lease_token, lease_kind, lease_expires_at) ="
        " (gen_random_uuid(), 'read_back', now() + interval '1 hour')"
    ),
}
MAY_NOT_POST = {
    **LEADS_NO_MORE,
    "another process has the document": "UPDATE documents SET lease_token = gen_random_uuid()",
    "the document's lease has ended": "UPDATE documents SET lease_expires_at = now() - interval '1 second'",
    "it is not under way any more": "UPDATE documents SET state = 'failed'",
    "something was heard of it": "UPDATE documents SET verify_at = now()",
}


@pytest.mark.parametrize("change", MAY_NOT_SEND.values(), ids=MAY_NOT_SEND)
async def test_nothing_is_claimed_to_be_sent(database: Database, change: str) -> None:
    async with by_hand(database) as queue:
        await queue.take_in(submitted())
        await queue.pool.execute(change)
        assert await queue.claim() == []


@pytest.mark.parametrize("change", MAY_NOT_SEND.values(), ids=MAY_NOT_SEND)
async def test_nothing_is_claimed_to_be_looked_up(database: Database, change: str) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        await queue.set(event, "state = 'verifying', verify_at = now(), posts = 1")
        await queue.pool.execute(change)
        assert await queue.claim_to_look_up() == []


async def test_a_document_under_way_keeps_no_other_legal_entity_waiting(database: Database) -> None:
    """Something was heard of it meanwhile: it is due, and somebody has it."""
    async with by_hand(database) as queue:
        await verifying(queue, submitted(data_area_id="demf"))
        await queue.pool.execute("UPDATE documents SET verify_at = now()")
        other = submitted()
        await queue.take_in(other)
        await queue.set(other, "state = 'verifying', verify_at = now(), posts = 1")

        assert [claim.id for claim in await queue.claim_to_look_up()] == [key(other)]


@pytest.mark.parametrize("change", MAY_NOT_POST.values(), ids=MAY_NOT_POST)
async def test_no_post_begins_after_a_look_up(database: Database, change: str) -> None:
    async with by_hand(database) as queue:
        claim = await verifying(queue, submitted())
        await queue.pool.execute(change)
        assert await queue.documents.begin_posts(queue.leader, [claim], lease_seconds=30, support={}) == []


async def test_no_post_begins_beside_a_delivered_earlier_submission(database: Database) -> None:
    async with by_hand(database) as queue:
        claim = await verifying(queue, submitted(submission_no=2))
        await queue.pool.execute(
            "INSERT INTO documents (web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account,"
            " created_by, submitted_at, read_back_first, state, case_id, delivered_at)"
            " SELECT web_case_id, 1, gen_random_uuid(), dealer, data_area_id, customer_account, created_by,"
            " submitted_at, false, 'delivered', 'CASE-1', now() FROM documents"
        )
        assert await queue.documents.begin_posts(queue.leader, [claim], lease_seconds=30, support={}) == []


async def test_a_post_begins_after_a_look_up_where_nothing_is_in_the_way(database: Database) -> None:
    async with by_hand(database) as queue:
        claim = await verifying(queue, submitted())
        (begun,) = await queue.documents.begin_posts(queue.leader, [claim], lease_seconds=30, support={})
        assert (begun.id, begun.kind) == (claim.id, AttemptKind.CREATE)


async def test_the_result_of_an_attempt_that_lost_its_document_changes_it_only_where_d365_has_the_case(
    database: Database,
) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        claim = await verifying(queue, event)
        await queue.pool.execute("UPDATE documents SET lease_token = gen_random_uuid()")

        assert await queue.looked_up(claim, Finding.OTHER_CONTENT) == []
        assert (await queue.row(event))["state"] == "verifying"
        await queue.looked_up(claim, Finding.FOUND, "CASE-1")
        assert (await queue.row(event))["case_id"] == "CASE-1"


async def test_an_answer_from_before_d365_lost_the_case_delivers_nothing(database: Database) -> None:
    """Its process was frozen: meanwhile evidence delivered the document, and D365 was restored and lost the case."""
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        claim = await queue.claim_one()
        gone = "lease_token = NULL, lease_kind = NULL, lease_expires_at = NULL, lost_at = clock_timestamp()"
        await queue.set(event, f"state = 'pending', cause = 'lost_in_d365', {gone}")

        assert await queue.created(claim, "CASE-1") == []

        row = await queue.row(event)
        assert (row["state"], row["case_id"]) == ("pending", None)
        again = await queue.claim_one()
        await queue.created(again, "CASE-2")
        assert (await queue.row(event))["case_id"] == "CASE-2"


async def test_a_late_answer_brings_no_erased_text_back(database: Database) -> None:
    """Its process was frozen: meanwhile evidence delivered the document, and the case's personal data was erased."""
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        claim = await queue.claim_one()
        await queue.seen(event, "CASE-1", event.submission_id)
        await queue.set(event, "content = NULL")

        decision = after_post(Created("CASE-1", EXCHANGE), claim, POLICY)
        await queue.documents.store([Result(claim, decision, EXCHANGE)], log_failures=False)

        (attempt,) = await queue.pool.fetch("SELECT outcome, status, request, answer, why FROM attempts")
        assert tuple(attempt) == ("delivered", 201, None, None, None)


async def test_of_two_links_to_one_case_at_once_the_second_is_refused(database: Database) -> None:
    async with by_hand(database) as queue, database.connect() as watcher:
        events = [submitted(), submitted()]
        await queue.take_in(*events)
        await queue.pool.execute("UPDATE documents SET state = 'failed', cause = 'rejected'")
        orders = [Order(key(one), (await queue.row(one))["revision"], Actor("olga"), "by hand") for one in events]
        first, second = orders
        async with queue.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            alone = PostgresOperatorActions(cast("Any", OneConnection(connection)))
            await alone.link(first, "CASE-9", [])
            linking = asyncio.create_task(queue.actions.link(second, "CASE-9", []))
            waiting = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            await eventually(lambda: watcher.fetchval(f"{waiting} AND datname = current_database()"))
            await transaction.commit()
        with pytest.raises(NotAllowed):
            await linking


@dataclass
class OneConnection:
    """A pool of one connection, whose transaction the test commits."""

    connection: Any

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Any]:
        """The connection."""
        yield self.connection


@pytest.mark.parametrize("statement", [Statement.SELECT_FAILURES_TO_LOG, Statement.SELECT_TO_COMPARE])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE delivery_control SET paused = true",
        (
            "INSERT INTO delivery_windows (begins_at, ends_at, reason, created_by)"
            " VALUES (now() - interval '1 minute', now() + interval '1 hour', 'upgrade', 'olga')"
        ),
    ],
    ids=["paused", "in a window"],
)
async def test_nothing_is_logged_in_or_compared_with_d365(
    database: Database, statement: Statement, change: str
) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        await queue.set(event, "state = 'delivered', case_id = 'C', failure_log_at = now(), compare_at = now()")
        assert len(await queue.pool.fetch(statement.text, 10)) == 1
        await queue.pool.execute(change)
        assert await queue.pool.fetch(statement.text, 10) == []


async def test_what_its_lease_outlived_settles_from_now_on(database: Database) -> None:
    """PostgreSQL's clock may have jumped forward, and the POST be under way."""
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        await queue.claim_one()
        await queue.pool.execute("UPDATE documents SET lease_expires_at = now() - interval '10 minutes'")

        assert await queue.documents.expire_leases(settle_seconds=60) == 1

        settles_in = "SELECT extract(epoch FROM settles_at - clock_timestamp()) FROM documents"
        assert 30 < await queue.pool.fetchval(settles_in) <= 60


async def test_only_what_has_outlived_its_lease_is_taken_up_by_another(database: Database) -> None:
    async with by_hand(database) as queue:
        await verifying(queue, submitted())
        assert await queue.documents.expire_leases(settle_seconds=0) == 0
        await queue.pool.execute("UPDATE documents SET lease_expires_at = now() - interval '1 second'")
        assert await queue.documents.expire_leases(settle_seconds=0) == 1


async def test_an_older_revision_that_is_published_late_takes_nothing_back(database: Database) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        for revision in (3, 2):
            keys = ([event.web_case_id], [event.submission_no], [revision])
            await queue.pool.execute(Statement.MARK_SENT.text, *keys)
        assert (await queue.row(event))["published_revision"] == 3


@dataclass
class Slow:
    """A pool whose answers take a second of the clock."""

    pool: Any
    clock: HandClock

    async def fetch(self, *arguments: Any) -> Any:
        self.clock.seconds += 1
        return await self.pool.fetch(*arguments)


async def test_a_documents_lease_is_counted_from_before_it_was_asked_for(database: Database) -> None:
    async with by_hand(database) as queue:
        clock = HandClock()
        queue.documents = replace(queue.documents, pool=cast("Any", Slow(queue.pool, clock)), clock=clock)
        await queue.take_in(submitted(submitted_at=old()))
        (claim,) = await queue.claim()
        assert (claim.kind, claim.expires) == (AttemptKind.LOOK_UP, 30)

        (begun,) = await queue.documents.begin_posts(queue.leader, [claim], lease_seconds=30, support={})
        assert begun.expires == 31

        looked_up = await verifying(queue, submitted())
        assert looked_up.expires == 32


NOT_LOST = {**LEADS_NO_MORE, "the document has changed since": "UPDATE documents SET revision = revision + 1"}


@pytest.mark.parametrize("change", NOT_LOST.values(), ids=NOT_LOST)
async def test_nothing_is_put_back_into_the_queue_after_a_restore_of_d365(database: Database, change: str) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        await queue.created(await queue.claim_one(), "CASE-1")
        restores = PostgresRestores(queue.pool)
        restore = await restores.order(RestoreOrder(old(), False, Actor("op"), "why"))
        assert restore is not None
        page = await restores.page(restore, 10)
        assert page is not None
        await queue.pool.execute(change)

        found = [LookedUpDocument(one, LookedUp.QUEUED, None) for one in page.documents]
        await restores.store(restore, queue.leader, page.began_at, found)

        assert (await queue.row(event))["state"] == "delivered"


FORETOLD_BY_NOBODY = {**LEADS_NO_MORE, "it was canceled": "UPDATE replays SET state = 'canceled'"}


@pytest.mark.parametrize("change", FORETOLD_BY_NOBODY.values(), ids=FORETOLD_BY_NOBODY)
async def test_no_forecast_is_stored(database: Database, change: str) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        await queue.set(event, "state = 'failed', cause = 'rejected'")
        replays = PostgresReplays(queue.pool)
        replay = await replays.order(ReplayOrder(DeadLetters(), {}, True, Actor("op"), "why"))
        (candidate,) = await replays.candidates(replay, 10)
        await queue.pool.execute(change)

        forecast = Forecast(candidate.place, ReplayOutcome.WOULD_CREATE, None)

        assert await replays.store_forecasts(replay, queue.leader, [forecast]) == 0

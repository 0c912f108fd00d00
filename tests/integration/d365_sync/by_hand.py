"""The document queue without its loops: a test runs each step of the dispatcher itself, on a real database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from case_shared.d365.answers import Created, Exchange
from case_shared.database.postgres import Pool
from case_shared.process.clock import SystemClock
from case_shared.words.events import CaseDelivery, CaseStatus, CaseStatusChanged, CaseSubmitted
from d365_sync.app.ports import Changed, Leader, Result
from d365_sync.dispatcher import LEASE_NAME
from d365_sync.domain.backoff import Backoff
from d365_sync.domain.decision import Decision
from d365_sync.domain.document import Claim, Finding
from d365_sync.domain.look_ups import after_look_up
from d365_sync.domain.outcomes import Policy, after_post
from d365_sync.postgres.documents import PostgresDocuments
from d365_sync.postgres.intake import Submitted, take_evidence, take_in
from d365_sync.postgres.operator_actions import PostgresOperatorActions
from d365_sync.postgres.outbox import OUTBOX, event_of
from tests.support.databases import Database
from tests.support.submissions import store_submissions

POLICY = Policy(settle_seconds=0.0, max_attempts=8, backoff=Backoff(0.0, 0.0))
EXCHANGE = Exchange(201, "{}", "{}", 0.01)
_URL = "http://d365.test"


@dataclass
class ByHand:
    """The stores, and the steps of the dispatcher's loops."""

    database: Database
    pool: Pool
    documents: PostgresDocuments
    actions: PostgresOperatorActions
    leader: Leader
    after_dealer: str = ""

    async def take_in(self, *events: CaseSubmitted) -> None:
        """Take events in as the consumer does."""
        await store_submissions(self.database, *events)
        async with self.pool.acquire() as connection, connection.transaction():
            await take_in(connection, [Submitted(event, None) for event in events])

    async def claim(self, limit: int = 10, per_dealer: int = 10) -> list[Claim]:
        """Claim to deliver, from where the last claim ended."""
        taken = await self.documents.claim_to_deliver(
            self.leader, limit=limit, per_dealer=per_dealer, after_dealer=self.after_dealer, lease_seconds=30
        )
        self.after_dealer = taken.next_after
        return taken.claims

    async def claim_one(self) -> Claim:
        """The one document that is due."""
        (claim,) = await self.claim()
        return claim

    async def claim_to_look_up(self, *busy: str) -> list[Claim]:
        """Claim to look up, in a legal entity that is not `busy`."""
        return await self.documents.claim_to_look_up(self.leader, limit=100, lease_seconds=30, busy=busy)

    async def store(self, claim: Claim, decision: Decision) -> list[Changed]:
        """Store the result of an attempt."""
        return await self.documents.store([Result(claim, decision)], log_failures=False)

    async def created(self, claim: Claim, case_id: str) -> list[Changed]:
        """Store that D365 created the case."""
        return await self.store(claim, after_post(Created(case_id, EXCHANGE), claim, POLICY))

    async def looked_up(self, claim: Claim, finding: Finding, case_id: str | None = None) -> list[Changed]:
        """Store the finding of a look-up."""
        return await self.store(claim, after_look_up(finding, case_id, "seen", claim, POLICY))

    async def seen(self, event: CaseSubmitted, case_id: str, submission_id: UUID | None) -> None:
        """Evidence from status-sync, whose read model now shows `case_id`; without `submission_id` it is vague."""
        async with self.database.connect() as connection:
            await connection.execute("UPDATE case_api.cases SET case_id = NULL WHERE case_id = $1", case_id)
            await connection.execute(
                "UPDATE case_api.cases SET case_id = $2 WHERE web_case_id = $1", event.web_case_id, case_id
            )
        await self.status_event(event, case_id, submission_id)

    async def status_event(self, event: CaseSubmitted, case_id: str, submission_id: UUID | None) -> None:
        """A record of `case.status-changed.v1`, whoever wrote it."""
        changed = CaseStatusChanged(
            dealer=event.dealer,
            web_case_id=event.web_case_id,
            case_id=case_id,
            submission_id=submission_id,
            status=CaseStatus.SUBMITTED,
            status_as_of=event.submitted_at,
        )
        async with self.pool.acquire() as connection, connection.transaction():
            await take_evidence(connection, [changed])

    async def unpublished(self) -> list[CaseDelivery]:
        """The events that wait to be published."""
        return [event_of(row) for row in await self.pool.fetch(OUTBOX.read.text, 100)]

    async def mark_published(self, events: Sequence[CaseDelivery]) -> None:
        """Mark these as received by Kafka."""
        ids = [(event.web_case_id, event.submission_no, event.revision) for event in events]
        if ids:
            await self.pool.execute(OUTBOX.mark_sent.text, *zip(*ids, strict=True))

    async def set(self, event: CaseSubmitted, assignments: str) -> None:
        """Change the document's row by hand."""
        await self.pool.execute(
            f"UPDATE documents SET {assignments} WHERE web_case_id = $1 AND submission_no = $2",
            event.web_case_id,
            event.submission_no,
        )

    async def row(self, event: CaseSubmitted) -> dict[str, Any]:
        """The document's row."""
        row = await self.pool.fetchrow(
            "SELECT * FROM documents WHERE web_case_id = $1 AND submission_no = $2",
            event.web_case_id,
            event.submission_no,
        )
        assert row is not None
        return dict(row)


@asynccontextmanager
async def by_hand(database: Database) -> AsyncIterator[ByHand]:
    """A queue whose leader is the test."""
    async with database.pool("d365_sync", 4) as pool:
        await pool.execute("UPDATE delivery_control SET d365_url = $1", _URL)
        await pool.execute("INSERT INTO leases VALUES ($1, 'test', 1, now() + interval '1 hour')", LEASE_NAME)
        documents = PostgresDocuments(pool, SystemClock(), _URL)
        yield ByHand(database, pool, documents, PostgresOperatorActions(pool), Leader(LEASE_NAME, 1))

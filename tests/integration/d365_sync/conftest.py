"""The dispatcher on a real database and the real sandbox; a list keeps what it would send to Kafka."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from case_shared.d365.client import D365Client
from case_shared.d365.session import open_client
from case_shared.database.leadership import Leadership
from case_shared.database.postgres import Pool
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.words.events import CaseContent, CaseDelivery, CaseSubmitted, Contact, decode
from case_shared.words.identifiers import new_web_case_id
from d365_sync import wiring
from d365_sync.app import verify
from d365_sync.app.wake_ups import WakeUps
from d365_sync.dispatcher import LEASE_NAME, Dispatcher
from d365_sync.domain.document import DocumentId
from d365_sync.operators_api import build_context
from d365_sync.postgres.intake import Submitted, take_in
from d365_sync.settings import Settings
from tests.integration.d365_sync.operators import Api, serving
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.outboxes import Kept
from tests.support.patience import PATIENCE
from tests.support.sandbox import Sandbox
from tests.support.submissions import store_submissions

Json = dict[str, Any]
# They grow together, so that on a slow machine, too, an answer is in time and what follows what stays the same.
QUICK = {
    "d365_timeout_seconds": 1.0 * PATIENCE,
    "d365_settle_seconds": 1.5 * PATIENCE,
    "d365_breaker_seconds": 0.3 * PATIENCE,
    "d365_backoff_max_seconds": 0.2 * PATIENCE,
}
SETTLE_SECONDS = QUICK["d365_settle_seconds"]


def submitted(**changes: Any) -> CaseSubmitted:
    """A new submission."""
    web_case_id = changes.pop("web_case_id", None) or new_web_case_id()
    given: Json = {
        "web_case_id": web_case_id,
        "submission_no": 1,
        "submission_id": uuid4(),
        "dealer": "usmf-us-001",
        "data_area_id": "usmf",
        "customer_account": "US-001",
        "content": CaseContent(
            category="Warranty",
            category_type="Service",
            priority="High",
            description="The pump leaks.",
            contact=Contact(name="Ann", email="ann@example.com", phone="555"),
            notes="Call first.",
        ),
        "created_by": "ann",
        "submitted_at": datetime.now(UTC),
    }
    return CaseSubmitted(**{**given, **changes})


def old(minutes: float = 6) -> datetime:
    """The time of a submission so old that its first POST needs a look-up."""
    return datetime.now(UTC) - timedelta(minutes=minutes)


@dataclass
class Queue:
    """The document queue as a test sees it."""

    database: Database
    pool: Pool
    dispatcher: Dispatcher
    wake_ups: WakeUps
    kafka: Kept
    statements: list[str] = field(default_factory=list)

    async def take_in(self, *events: CaseSubmitted) -> None:
        """Take events in as the consumer does."""
        await store_submissions(self.database, *events)
        async with self.pool.acquire() as connection, connection.transaction():
            await take_in(connection, [Submitted(event, None) for event in events])
        self.wake_ups.documents_came()

    async def document(self, event: CaseSubmitted) -> Json:
        """The document's row."""
        row = await self.pool.fetchrow(
            "SELECT * FROM documents WHERE web_case_id = $1 AND submission_no = $2",
            event.web_case_id,
            event.submission_no,
        )
        assert row is not None
        return dict(row)

    async def attempts(self, event: CaseSubmitted) -> list[Json]:
        """The document's attempts."""
        rows = await self.pool.fetch(
            "SELECT * FROM attempts WHERE web_case_id = $1 AND submission_no = $2 ORDER BY attempt_no",
            event.web_case_id,
            event.submission_no,
        )
        return [dict(row) for row in rows]

    async def outcomes(self, event: CaseSubmitted) -> list[tuple[str, str | None]]:
        """Kind and result of each attempt."""
        return [(one["kind"], one["outcome"] or one["finding"]) for one in await self.attempts(event)]

    async def until(self, event: CaseSubmitted, state: str, cause: str | None = None, within: float = 12) -> Json:
        """Wait until the document is in `state` (with `cause`)."""

        def holds(row: Json) -> bool:
            return row["state"] == state and (cause is None or row["cause"] == cause)

        return await eventually(lambda: self.document(event), holds, within_seconds=within)

    async def until_published(self) -> None:
        """Wait until the publisher has noted every revision of every document as sent."""

        async def noted() -> bool:
            return not await self.pool.fetchval(
                "SELECT exists(SELECT FROM documents WHERE revision > published_revision)"
            )

        await eventually(noted)

    @property
    def events(self) -> list[CaseDelivery]:
        """All published events."""
        return [decode(CaseDelivery, record.value, record.headers) for record in self.kafka.records]

    async def events_of(self, event: CaseSubmitted) -> list[CaseDelivery]:
        """The published events of this submission."""
        return [one for one in self.events if one.web_case_id == event.web_case_id]


def settings_for(database: Database, sandbox: Sandbox, **changes: Any) -> Settings:
    """Settings with short times."""
    known = {name.lower(): value for name, value in sandbox.environment().items()}
    return Settings(
        database_url=database.url("d365_sync"),
        kafka_bootstrap_servers="unused:9092",
        oidc_issuer="https://unused",
        **{**known, **QUICK, **changes},
    )


@asynccontextmanager
async def dispatching(database: Database, sandbox: Sandbox, **changes: Any) -> AsyncIterator[Queue]:
    """Run a dispatcher for the block."""
    settings, clock, wake_ups, stopping = (
        settings_for(database, sandbox, **changes),
        SystemClock(),
        WakeUps(),
        asyncio.Event(),
    )
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(database.pool("d365_sync", 8))
        d365 = await stack.enter_async_context(open_client(settings, settings.mapping, clock, limit=60))
        kafka, heartbeats = Kept(), Heartbeats(clock)
        dispatcher = wiring.build_dispatcher(settings, pool, d365, kafka, clock, heartbeats, wake_ups)
        leadership = Leadership(pool, clock, heartbeats, LEASE_NAME, lease_seconds=4 * PATIENCE)
        leading = asyncio.create_task(leadership.run(dispatcher.lead, stopping))
        try:
            yield Queue(database, pool, dispatcher, wake_ups, kafka)
        finally:
            stopping.set()
            wake_ups.taken_in()
            await asyncio.wait_for(leading, 10 * PATIENCE)
            await asyncio.wait_for(dispatcher.in_flight.drain(), 10 * PATIENCE)


@pytest_asyncio.fixture
async def queue(database: Database, d365: Sandbox) -> AsyncIterator[Queue]:
    """A document queue whose dispatcher runs against the sandbox."""
    async with dispatching(database, d365) as running:
        yield running


@pytest_asyncio.fixture
async def api(queue: Queue, d365: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """The operators' API with that dispatcher."""
    monkeypatch.setattr(verify, "_WAIT_SECONDS", verify._WAIT_SECONDS * PATIENCE)
    d365_client = queue.dispatcher.look_up.d365
    assert isinstance(d365_client, D365Client)
    context = build_context(settings_for(queue.database, d365), queue.pool, d365_client, queue.wake_ups)
    async with serving(context) as running:
        yield running


@pytest_asyncio.fixture
async def dead_letter(queue: Queue, d365: Sandbox) -> str:
    """A document that D365 refuses until the fault `closed` is removed; returns its ID."""
    await known_case(queue)
    await d365.fault(kind="reject", operation="create", id="closed", message="Warranty is closed.")
    event = submitted()
    await queue.take_in(event)
    await queue.until(event, "failed")
    return f"{event.web_case_id}-1"


async def known_case(queue: Queue) -> CaseSubmitted:
    """Deliver a case: the positive control for those that follow."""
    event = submitted()
    await queue.take_in(event)
    await queue.until(event, "delivered")
    return event


async def cases_of(sandbox: Sandbox, *events: CaseSubmitted) -> list[Json]:
    """D365's cases of these submissions."""
    wanted = {event.web_case_id for event in events}
    return [case for case in await sandbox.cases() if case["WebCaseId"] in wanted]


def key(event: CaseSubmitted) -> DocumentId:
    """The document's key."""
    return DocumentId(event.web_case_id, event.submission_no)


def mapping_file(folder: Path, text: str) -> str:
    """Write a mapping file with `text`; returns its path."""
    path = folder / "mapping.toml"
    path.write_text(text)
    return str(path)

"""status-sync's parts on a real database and the real sandbox; the test runs each step."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from case_shared.d365.mapping import Mapping
from case_shared.d365.models import D365Case
from case_shared.d365.session import open_client
from case_shared.database.postgres import Pool
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.words.identifiers import new_web_case_id
from status_sync.postgres.outbox import OUTBOX
from status_sync.settings import Settings
from status_sync.wiring import Service
from tests.support.databases import Database
from tests.support.outboxes import waiting
from tests.support.patience import PATIENCE
from tests.support.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox

CATEGORY = {"CategoryType": "Service", "CaseCategory": "Breakdown"}


@dataclass(frozen=True)
class Submitted:
    """A submitted case of ours."""

    web_case_id: str
    submission_id: UUID


@dataclass(frozen=True)
class World:
    """A database with cases, a D365 with cases, and status-sync between them."""

    database: Database
    d365: Sandbox
    service: Service
    pool: Pool

    def with_settings(self, mapping: Mapping | None = None, **settings: Any) -> "World":
        """The same after a restart of status-sync with other settings."""
        service = self.service
        others = service.settings.model_copy(update=settings)
        restarted = Service(
            others, mapping or service.mapping, self.pool, service.d365, service.clock, service.heartbeats
        )
        return replace(self, service=restarted)

    async def lead(self) -> None:
        """Do what a new leader does before it reads."""
        await self.service.poller().follow_rules()

    async def upkeep(self) -> None:
        """One turn of what a leader does besides."""
        for step in self.service.poller().upkeep:
            await step()

    async def step(self, name: str) -> None:
        """Run one step of the poll."""
        await dict(self.service.poller().steps)[name]()

    async def read_due(self) -> bool:
        """One turn of the reader."""
        return await self.service.poller().read_due_cases()

    async def now(self) -> datetime:
        """The database's time."""
        return await self.service.progress.read_begins()

    async def submit(self, dealer: str = "usmf-us-001", account: str = "US-001") -> Submitted:
        """Put a submitted case into the read model."""
        case = Submitted(new_web_case_id(), uuid4())
        async with self.database.connect() as connection:
            await connection.execute(
                "INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase,"
                " category, category_type, created_by, submission_no, submitted_at)"
                " VALUES ($1, $2, 'usmf', $3, 'portal', 'submitted', 'Breakdown', 'Service', 'dora', 1, now())",
                case.web_case_id, dealer, account,
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO case_api.submissions (web_case_id, submission_no, submission_id, dealer, data_area_id,"
                " customer_account, content, created_by, submitted_by, submitted_at)"
                " VALUES ($1, 1, $2, $3, 'usmf', $4, '{}', 'dora', 'dora', now())",
                case.web_case_id, case.submission_id, dealer, account,
            )  # fmt: skip
        return case

    async def create(self, case: Submitted | None = None, **fields: str) -> str:
        """Create a case in D365, from our submission or as D365's own; returns its Case ID."""
        ours = {"WebCaseId": case.web_case_id, "SubmissionId": str(case.submission_id)} if case else {}
        body = {"dataAreaId": "usmf", "CustomerAccount": "US-001", **CATEGORY, **ours, **fields}
        created: dict[str, str] = await self.d365.control("POST", "/cases", body)
        return created["CaseId"]

    async def rows(self) -> list[dict[str, Any]]:
        """The read model."""
        async with self.database.connect() as connection:
            return [dict(row) for row in await connection.fetch("SELECT * FROM case_api.cases ORDER BY created_at")]

    async def row(self, web_case_id: str) -> dict[str, Any]:
        """One case of the read model."""
        return next(row for row in await self.rows() if row["web_case_id"] == web_case_id)

    async def statuses(self, web_case_id: str | None = None) -> list[str]:
        """The recorded statuses, of one case or of all, oldest first."""
        async with self.database.connect() as connection:
            rows = await connection.fetch(
                "SELECT status FROM status_sync.status_changes WHERE web_case_id = coalesce($1, web_case_id)"
                " ORDER BY as_of",
                web_case_id,
            )
            return [row["status"] for row in rows]

    async def events(self) -> list[dict[str, Any]]:
        """The events in the outbox, as they will be sent."""
        from case_shared.words.events import CaseStatusChanged, decode

        return [
            decode(CaseStatusChanged, one.value, one.headers).model_dump(mode="json")
            for one in await waiting(self.pool, OUTBOX)
        ]

    async def due(self) -> list[tuple[str, str, str]]:
        """What is due for a read, now or later."""
        async with self.database.connect() as connection:
            rows = await connection.fetch("SELECT data_area_id, key_kind, key FROM status_sync.due_reads ORDER BY key")
            return [tuple(row) for row in rows]

    async def requests(self) -> int:
        """How many requests D365 received since the last call."""
        counters = await self.d365.control("GET", "/counters")
        await self.d365.control("DELETE", "/counters")
        operations: dict[str, int] = counters["by_operation"]
        return sum(count for name, count in operations.items() if not name.startswith("token"))

    async def found(self, case_id: str) -> D365Case:
        """A case as D365 now shows it."""
        (case,) = await self.service.d365.read_cases_by_case_id("usmf", [case_id], timeout=10)
        return case


def settings_for(database: Database, d365_url: str, **others: Any) -> Settings:
    """Settings of a service whose Kafka is not used."""
    return Settings(
        **{
            "database_url": database.url("status_sync"),
            "kafka_bootstrap_servers": "127.0.0.1:9",
            "d365_url": d365_url,
            "d365_token_url": f"{d365_url}/oauth2/v2.0/token",
            "d365_client_id": CLIENT_ID,
            "d365_client_secret": CLIENT_SECRET,
            "d365_timeout_seconds": 5 * PATIENCE,
            **others,
        }
    )


@pytest.fixture
def mapping() -> Mapping:
    """D365's names; a test may override them."""
    return Mapping()


@pytest_asyncio.fixture
async def world(database: Database, d365: Sandbox, mapping: Mapping) -> AsyncIterator[World]:
    """Everything except the loops."""
    clock = SystemClock()
    settings = settings_for(database, d365.url)
    async with (
        database.pool("status_sync") as pool,
        open_client(settings, mapping, clock, limit=4) as client,
    ):
        yield World(database, d365, Service(settings, mapping, pool, client, clock, Heartbeats(clock)), pool)

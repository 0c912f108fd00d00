"""case-api's routes on a real database; tokens are plain words, because case_shared's tests check real ones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import aiohttp
import httpx2
import jwt
import pytest_asyncio
from fastapi import FastAPI

from case_api import wiring
from case_api.postgres.case_list import connection_settings
from case_api.settings import Settings
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.web.auth import Principal
from case_shared.web.limits import RateLimits
from tests.support.contract import Hooks, checking
from tests.support.databases import Database

DEALER = "usmf-us-001"
OTHER = "usmf-us-002"
CASES = f"/v1/dealers/{DEALER}/cases"
DRAFT = {
    "category": "Warranty",
    "priority": "High",
    "description": "The pump leaks.",
    "contact": {"name": "Ann", "email": "ann@example.com", "phone": "555"},
    "notes": "Call first.",
}
Json = dict[str, Any]
ISSUER = "https://issuer.example"


@dataclass
class WordVerifier:
    """Reads the principal from the token: `user|scope,scope|dealer,dealer`; a user may be `subject~name`."""

    issuer: str = ISSUER

    async def verify(self, token: str) -> Principal:
        user, _, rest = token.partition("|")
        scopes, _, dealers = rest.partition("|")
        if not rest:
            raise jwt.InvalidTokenError("no word of ours")
        ends = datetime.now(UTC) + timedelta(hours=1)
        subject, _, name = user.partition("~")
        return Principal(
            subject,
            name or subject,
            frozenset(scopes.split(",")),
            frozenset(dealers.split(",")),
            ends,
            issuer=self.issuer,
        )


def token(
    user: str = "ann", scopes: str = "cases:read,cases:write,cases:submit", dealers: str = f"{DEALER},{OTHER}"
) -> dict[str, str]:
    """Headers of a caller."""
    return {"Authorization": f"Bearer {user}|{scopes}|{dealers}"}


@dataclass
class Api:
    """The API as a dealer's front end sees it."""

    client: httpx2.AsyncClient
    service: wiring.Service
    database: Database
    app: FastAPI
    statements: list[str] = field(default_factory=list)

    async def create(self, dealer: str = DEALER, **content: Any) -> Json:
        """Save a draft."""
        answer = await self.client.post(f"/v1/dealers/{dealer}/cases", json={**DRAFT, **content})
        assert answer.status_code == 201, answer.text
        case: Json = answer.json()
        return case

    async def get(self, case: Json) -> Json:
        """The current case."""
        answer = await self.client.get(f"/v1/dealers/{case['dealer']}/cases/{case['web_case_id']}")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def submit(self, case: Json, version: int = 1, **options: Any) -> httpx2.Response:
        """Submit a draft."""
        headers = {"If-Match": f'"{version}"', **options.pop("headers", {})}
        return await self.client.post(f"{CASES}/{case['web_case_id']}/submission", headers=headers, **options)

    async def submitted(self, **content: Any) -> Json:
        """Create and submit a case."""
        case = await self.create(**content)
        answer = await self.submit(case)
        assert answer.status_code == 202, answer.text
        return case

    def limit(self, user: int = 0, dealer: int = 0) -> None:
        """Set the limits in requests per minute; 0: no limit."""
        self.app.state.rate_limits = RateLimits(user_per_minute=user, dealer_per_minute=dealer)

    async def fetch(self, statement: str, *arguments: Any) -> list[Any]:
        """Run a statement in the database."""
        async with self.database.connect() as connection:
            return await connection.fetch(statement, *arguments)

    async def waiting(self) -> list[Any]:
        """The service's backends that wait for a lock; asked outside of any transaction, which would see old ones."""
        return await self.fetch(
            "SELECT pid FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND usename = 'case_api' AND datname = current_database()"
        )


async def fill_lists(database: Database) -> None:
    """Dealers, categories and priorities, as status-sync reads them."""
    async with database.connect() as connection:
        await connection.execute(
            """
            INSERT INTO status_sync.dealers (dealer, data_area_id, customer_account, name) VALUES
                ('usmf-us-001', 'usmf', 'US-001', 'Contoso'), ('usmf-us-002', 'usmf', 'US-002', 'Fabrikam'),
                ('demf-de-001', 'demf', 'DE-001', 'Nordwind');
            INSERT INTO status_sync.categories (data_area_id, category_type, category, description) VALUES
                ('usmf', 'Sales', 'Warranty', 'Warranty claims'), ('usmf', 'Sales', 'Parts', null),
                ('usmf', 'General', 'Parts', null), ('usmf', 'HumanResources', 'Salary', null);
            INSERT INTO status_sync.priorities (data_area_id, priority, description) VALUES
                ('usmf', 'High', 'At once'), ('usmf', 'Low', null);
            """
        )


@cache
def held() -> Hooks:
    """Hooks that check each answer against the OpenAPI document, which takes a while to generate."""
    return checking(wiring.build_app(None).openapi())


@pytest_asyncio.fixture
async def api(database: Database) -> AsyncIterator[Api]:
    """case-api without its loops, on the test's own database."""
    async with answering(database) as running:
        yield running


@asynccontextmanager
async def answering(database: Database) -> AsyncIterator[Api]:
    """case-api without its loops."""
    await fill_lists(database)
    settings = Settings(
        database_url=database.url("case_api"), kafka_bootstrap_servers="unused:1", oidc_issuer="https://unused"
    )
    options = connection_settings(settings.list_timeout_seconds)
    async with (
        database.pool("case_api") as pool,
        database.pool("case_api", settings=options) as list_pool,
        aiohttp.ClientSession() as session,
    ):
        clock = SystemClock()
        service = wiring.Service(settings, pool, list_pool, session, clock, Heartbeats(clock))
        app = wiring.build_app(None)
        app.state.token_verifier = WordVerifier()
        app.state.context = service.context()
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://case-api", headers=token(), event_hooks=held()
        ) as client:
            yield Api(client, service, database, app)

"""Every operators' endpoint, with every scope; the application lists the endpoints."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
import pytest_asyncio
from fastapi import FastAPI

from case_shared.d365.session import open_client
from case_shared.process.clock import SystemClock
from case_shared.web.auth import Principal
from case_shared.words.identifiers import new_web_case_id
from case_shared.words.scopes import Scope
from d365_sync.app.wake_ups import WakeUps
from d365_sync.operators_api import build_context
from d365_sync.web.app import create
from tests.integration.d365_sync.conftest import settings_for
from tests.support import asgi
from tests.support.databases import Database
from tests.support.sandbox import Sandbox

WHY = {"reason": "a test"}
MATCH = {"If-Match": '"1"'}
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


@dataclass(frozen=True)
class Try:
    """One call of an endpoint: with `scope` it gets `ok`; the database has neither documents nor replays."""

    scope: str
    ok: int = 200
    body: Any = None
    query: str = ""


READ, WRITE = Scope.DOCUMENTS_READ, Scope.DOCUMENTS_WRITE
TRIES = {
    "GET /v1/documents": Try(READ),
    "GET /v1/documents/{document}": Try(READ, 404),
    "GET /v1/document-groups": Try(READ),
    "POST /v1/documents/{document}/replay": Try(WRITE, 404, WHY),
    "POST /v1/documents/{document}/link": Try(WRITE, 404, {**WHY, "case_id": "C-1"}),
    "POST /v1/documents/{document}/verify": Try(WRITE, 404, WHY),
    "POST /v1/documents/{document}/return": Try(WRITE, 404, WHY),
    "POST /v1/documents/{document}/discard": Try(WRITE, 404, WHY),
    "POST /v1/documents/{document}/restore": Try(WRITE, 404, WHY),
    "POST /v1/documents/{document}/acknowledge": Try(WRITE, 404, WHY),
    "POST /v1/documents/{document}/preview": Try(READ, 404, {}),
    "GET /v1/documents/{document}/payload-form": Try(READ, 404),
    "GET /v1/documents/{document}/notes": Try(READ, 404),
    "POST /v1/documents/{document}/notes": Try(WRITE, 404, {"text": "a test"}),
    "GET /v1/flow": Try(READ),
    "GET /v1/delivery/windows": Try(READ),
    "POST /v1/delivery/windows": Try(WRITE, 201, {**WHY, "ends_at": TOMORROW}),
    "DELETE /v1/delivery/windows/{window}": Try(WRITE, 404, query="?reason=x"),
    "GET /v1/dealers": Try(READ),
    "GET /v1/d365/check": Try(READ),
    "GET /v1/d365/cases": Try(READ, 404, query="?dealer=nobody"),
    "GET /v1/d365/restores": Try(READ),
    "POST /v1/d365/restores": Try(WRITE, 202, {**WHY, "since": "2026-01-01T00:00:00Z"}),
    "GET /v1/d365/restores/{restore}": Try(READ, 404),
    "GET /v1/replays": Try(READ),
    "POST /v1/replays": Try(WRITE, 202, {**WHY, "query": {"state": "failed"}}),
    "GET /v1/replays/{replay}": Try(READ, 404),
    "POST /v1/replays/{replay}/pause": Try(WRITE, 404, WHY),
    "POST /v1/replays/{replay}/resume": Try(WRITE, 404, WHY),
    "POST /v1/replays/{replay}/cancel": Try(WRITE, 404, WHY),
    "GET /v1/delivery": Try(READ),
    "POST /v1/delivery/pause": Try(WRITE, 200, WHY),
    "POST /v1/delivery/resume": Try(WRITE, 200, WHY),
    "POST /v1/delivery/adopt": Try(WRITE, 200, WHY),
    "POST /v1/delivery/restored": Try(WRITE, 200, WHY),
    "POST /v1/delivery/read-again": Try(WRITE, 200, WHY),
    "POST /v1/delivery/consumers/{group}/let-through": Try(WRITE, 404, WHY),
    "GET /v1/unreadable-records": Try(READ),
    "GET /v1/unreadable-records/{record}": Try(READ, 404),
    "POST /v1/unreadable-records/{record}/seen": Try(WRITE, 404, WHY),
    "GET /v1/audit": Try(Scope.AUDIT_READ),
    "GET /v1/audit.csv": Try(Scope.AUDIT_READ),
    "GET /v1/ledger": Try(READ),
    "POST /v1/erasures": Try(Scope.PERSONAL_DATA_ERASE, 404, {**WHY, "dealer": "nobody", "user": "ann"}),
}


class WordVerifier:
    """Reads `user|scope scope` as a token."""

    async def verify(self, token: str) -> Principal:
        user, separator, scopes = token.partition("|")
        if not separator:
            raise jwt.InvalidTokenError("no word of ours")
        return Principal(
            user,
            user,
            frozenset(scopes.split()),
            frozenset(),
            datetime.now(UTC) + timedelta(hours=1),
            issuer="https://issuer.example",
        )


@pytest_asyncio.fixture(scope="module")
async def app(module_database: Database, running_sandbox: Sandbox) -> AsyncIterator[FastAPI]:
    """The operators' API without its loops, one for all tests: it has no documents, and creates none."""

    @asynccontextmanager
    async def nothing(_app: FastAPI) -> AsyncIterator[None]:
        yield

    await running_sandbox.reset()
    settings, found = settings_for(module_database, running_sandbox), create(nothing)
    async with (
        module_database.pool("d365_sync") as pool,
        open_client(settings, settings.mapping, SystemClock(), limit=2) as client,
    ):
        found.state.token_verifier = WordVerifier()
        found.state.context = build_context(settings, pool, client, WakeUps())
        yield found


def test_each_endpoint_is_in_the_matrix() -> None:
    @asynccontextmanager
    async def nothing(_app: FastAPI) -> AsyncIterator[None]:
        yield

    assert set(asgi.operations(create(nothing))) == set(TRIES), "give TRIES a line for each endpoint"


@pytest.mark.parametrize("name", TRIES)
async def test_only_its_scope_opens_an_endpoint(app: FastAPI, module_database: Database, name: str) -> None:
    one, (method, _, path) = TRIES[name], name.partition(" ")
    target = path.replace("{document}", f"{new_web_case_id()}-1").replace("{replay}", str(uuid4())) + one.query

    async def call(headers: dict[str, str]) -> asgi.Answer:
        return await asgi.call(app, method, target, {**MATCH, **headers}, one.body, seconds=25)

    async def audited() -> int:
        async with module_database.connect() as connection:
            count: int = await connection.fetchval("SELECT count(*) FROM d365_sync.audit")
            return count

    before = await audited()
    for scopes in ([], *([scope] for scope in Scope if scope != one.scope), [s for s in Scope if s != one.scope]):
        answer = await call({"Authorization": f"Bearer olga|{' '.join(scopes)}"})
        assert answer.status == 403, (scopes, answer)
        assert f'scope="{one.scope}"' in answer.headers["www-authenticate"]
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic b2xnYTpvbGdh"}):
        assert (await call(headers)).status == 401
    assert await audited() == before
    for granted in ([one.scope], Scope):
        answer = await call({"Authorization": f"Bearer olga|{' '.join(granted)}"})
        assert answer.status == one.ok, answer

"""The operators' API as a console sees it, in this process, with words as tokens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx2
import jwt
from fastapi import FastAPI

from case_shared.web.auth import Principal
from case_shared.words.scopes import Scope
from d365_sync.web.app import create, describe
from d365_sync.web.context import Context
from tests.support.contract import Hooks, checking

Json = dict[str, Any]
ISSUER = "https://issuer.example"
ALL = f"{Scope.DOCUMENTS_READ} {Scope.DOCUMENTS_WRITE} {Scope.AUDIT_READ}"


class WordVerifier:
    """Reads `user|scope scope` as a token; a user may be `subject~name`."""

    async def verify(self, token: str) -> Principal:
        """The token's principal."""
        user, separator, scopes = token.partition("|")
        if not separator:
            raise jwt.InvalidTokenError("no word of ours")
        subject, _, name = user.partition("~")
        return Principal(
            subject,
            name or subject,
            frozenset(scopes.split()),
            frozenset(),
            datetime.now(UTC) + timedelta(hours=1),
            issuer=ISSUER,
        )


@dataclass
class Api:
    """The API as an operator's console sees it."""

    client: httpx2.AsyncClient

    async def get(self, path: str, status: int = 200, **params: Any) -> Json:
        """GET, with this status."""
        answer = await self.client.get(f"/v1{path}", params=params)
        assert answer.status_code == status, answer.text
        found: Json = answer.json()
        return found

    async def act(self, document: str, action: str, body: Json, status: int = 200, etag: str | None = None) -> Json:
        """Order an action on the current version of a document."""
        current = etag or (await self.client.get(f"/v1/documents/{document}")).headers["ETag"]
        answer = await self.client.post(f"/v1/documents/{document}/{action}", json=body, headers={"If-Match": current})
        assert answer.status_code == status, answer.text
        found: Json = answer.json()
        return found


@cache
def held() -> Hooks:
    """Hooks that check each answer against the OpenAPI document, which takes a while to generate."""
    return checking(describe())


def application(context: Context) -> FastAPI:
    """The API in this process; its `state.token_verifier` accepts words."""

    @asynccontextmanager
    async def nothing(_app: FastAPI) -> AsyncIterator[None]:
        yield

    app = create(nothing)
    app.state.token_verifier = WordVerifier()
    app.state.context = context
    return app


@asynccontextmanager
async def serving(context: Context) -> AsyncIterator[Api]:
    """The API, called by operator olga; checks each answer against the OpenAPI document."""
    app = application(context)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer olga|{ALL}"}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://api", headers=headers, event_hooks=held()
    ) as client:
        yield Api(client)

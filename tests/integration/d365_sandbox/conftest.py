"""A plain OData client of the sandbox, with a token; deliberately without our own client."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest_asyncio

from tests.support.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox

CASE = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "CaseCategory": "Breakdown", "CategoryType": "Service"}


@dataclass(frozen=True)
class Reply:
    """An answer, completely read."""

    status: int
    headers: Mapping[str, str]
    text: str
    body: Any

    @property
    def reason(self) -> str:
        """`innererror.message`."""
        message: str = self.body["error"]["innererror"]["message"]
        return message


@dataclass(frozen=True)
class OData:
    """Requests to `/data`, with a bearer token."""

    url: str
    session: aiohttp.ClientSession
    token: str

    async def call(self, method: str, path: str, *, json: Any = None, **options: Any) -> Reply:
        """One request; `path` is below `/data`."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        url = f"{self.url}/data{path}"
        async with self.session.request(
            method, url, json=json, headers=headers, allow_redirects=False, **options
        ) as answer:
            text = await answer.text()
            body = await answer.json(content_type=None) if text and "json" in answer.content_type else None
            return Reply(answer.status, answer.headers, text, body)

    async def create(self, **fields: Any) -> Reply:
        """POST a case."""
        return await self.call("POST", "/DealerPortalCases", json=CASE | fields)

    async def found(self, filter_: str, entity_set: str = "DealerPortalCases", **params: str) -> list[dict[str, Any]]:
        """The records that a filter finds, over all companies."""
        wanted = {"cross-company": "true", "$filter": filter_, **params}
        reply = await self.call("GET", f"/{entity_set}", params=wanted)
        assert reply.status == 200, reply.text
        value: list[dict[str, Any]] = reply.body["value"]
        return value


async def sign_in(sandbox: Sandbox) -> OData:
    """A client with its own token."""
    status, body = await ask_token(sandbox)
    assert status == 200, body
    return OData(sandbox.url, sandbox.session, body["access_token"])


async def ask_token(sandbox: Sandbox, path: str = "/oauth2/v2.0/token", **changes: str) -> tuple[int, dict[str, Any]]:
    """Ask for a token."""
    form = {
        "grant_type": "client_credentials",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "scope": f"{sandbox.url}/.default",
        **changes,
    }
    async with sandbox.session.post(sandbox.url + path, data=form) as answer:
        return answer.status, await answer.json(content_type=None)


@pytest_asyncio.fixture
async def odata(d365: Sandbox) -> AsyncIterator[OData]:
    """An OData client of the session's sandbox, after a reset."""
    yield await sign_in(d365)

"""A portal with several case-apis: it tries the next if a connection is refused, and tolerates nothing else."""

import itertools
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.support.eventually import eventually
from tests.support.patience import PATIENCE

DEALER = "usmf-us-001"


@dataclass
class Portal:
    """A portal of one dealer; `submitted` has the Web Case IDs whose submission was acknowledged."""

    http: httpx2.AsyncClient
    urls: Sequence[str]
    category: str = ""
    refused: int = 0
    submitted: list[str] = field(default_factory=list)
    _turn: "itertools.count[int]" = field(default_factory=itertools.count)

    async def call(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """Call `/v1/dealers/{dealer}{path}` at one of the case-apis, in turn."""
        first = next(self._turn)
        for number in range(len(self.urls)):
            url = self.urls[(first + number) % len(self.urls)]
            try:
                return await self.http.request(method, f"{url}/v1/dealers/{DEALER}{path}", **request)
            except httpx2.ConnectError:
                self.refused += 1
        raise AssertionError("every case-api refuses connections")

    async def submit(self, **content: Any) -> str:
        """Draft and submit a case; returns its Web Case ID."""
        draft = await self.call(
            "POST", "/cases", json={"category": self.category, **content}, headers={"Idempotency-Key": uuid.uuid4().hex}
        )
        assert draft.status_code == 201, draft.text
        web_case_id: str = draft.json()["web_case_id"]
        path = f"/cases/{web_case_id}/submission"
        submission = await self.call("POST", path, headers={"If-Match": draft.headers["etag"]})
        assert submission.status_code == 202, submission.text
        self.submitted.append(web_case_id)
        return web_case_id

    async def know_category(self) -> None:
        """Wait until status-sync has read a category whose name only one type has."""

        async def names() -> list[str]:
            answer = await self.call("GET", "/categories")
            return [one["category"] for one in answer.json()["items"]] if answer.status_code == 200 else []

        known = await eventually(names, within_seconds=30)
        self.category = next(name for name in known if known.count(name) == 1)


@asynccontextmanager
async def portal(token: str, *urls: str) -> AsyncIterator[Portal]:
    """A portal with these case-apis that knows a category."""
    limits = httpx2.Limits(max_connections=20, keepalive_expiry=60)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=10 * PATIENCE, limits=limits) as client:
        started = Portal(client, urls)
        await started.know_category()
        yield started

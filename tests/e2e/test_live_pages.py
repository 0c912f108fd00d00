"""A hundred live pages of one user: another user's page still answers immediately, and all receive changes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from tests.integration.portal_web.conftest import CASES, Browser
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.stack import Stack

PAGES, LIVE = 100, 20


@asynccontextmanager
async def signed_in(stack: Stack, user: str) -> AsyncIterator[Browser]:
    """A browser of this user."""
    url = stack.urls["portal-web"]
    limits = httpx2.Limits(max_connections=PAGES + 10)
    async with httpx2.AsyncClient(base_url=url, headers={"Origin": url}, limits=limits, timeout=30) as http:
        browser = Browser(http)
        assert (await browser.sign_in(user, CASES)).status_code == 200
        yield browser


async def watch(browser: Browser, statuses: list[int], received: list[str]) -> None:
    """Read the dealer's stream until it ends."""
    async with browser.http.stream("GET", f"{CASES}/stream", headers={"Accept": "text/event-stream"}) as answer:
        statuses.append(answer.status_code)
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                received.append(line)  # noqa: PERF401 - looked at while it goes on


async def test_a_hundred_live_pages_take_nothing_from_another_user(stack: Stack) -> None:
    async with signed_in(stack, "dana") as dana, signed_in(stack, "theo") as theo:
        statuses: list[int] = []
        received: list[list[str]] = [[] for _ in range(PAGES)]
        watching = [asyncio.create_task(watch(dana, statuses, one)) for one in received]
        try:

            async def answered() -> bool:
                return len(statuses) == PAGES

            assert await eventually(answered, within_seconds=60)
            assert sorted(statuses) == [200] * LIVE + [429] * (PAGES - LIVE)
            began = time.monotonic()
            assert (await theo.get(CASES)).status_code == 200
            assert time.monotonic() - began < 5 * PATIENCE
            assert (await theo.http.get("/readyz")).json()["checks"]["connections"]
            async with httpx2.AsyncClient() as http:
                metrics = (await http.get(f"{stack.urls['case-api']}/metrics")).text
            assert "casebridge_live_streams 1.0" in metrics, "they share one stream of the API"
            async with stack.dealer("usmf-us-001") as dealer:
                await dealer.submitted("live-pages", description="All twenty see it arrive.")

            async def all_live() -> bool:
                return sum(bool(one) for one in received) == LIVE

            assert await eventually(all_live, within_seconds=30)
        finally:
            for one in watching:
                one.cancel()
            await asyncio.gather(*watching, return_exceptions=True)

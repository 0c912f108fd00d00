"""Operators in a real browser, on the whole local stack."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from tests.e2e.browser.conftest import QUIET
from tests.support.eventually import eventually
from tests.support.stack import Stack

DEALER = "usmf-us-001"


@dataclass
class Operators:
    """The console's address, and what a test needs of the world around it."""

    browser: Browser
    stack: Stack
    complaints: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """portal-web's address."""
        return self.stack.urls["portal-web"]

    @asynccontextmanager
    async def signed_in(self, user: str = "olga", to: str = "/console", **options: Any) -> AsyncIterator[Page]:
        """A browser in which `user` is signed in, at `to`; what its console complains about is kept."""
        context = await self.browser.new_context(base_url=self.url, **options)
        page = await context.new_page()
        page.on("console", self._listen)
        await page.goto(f"/sign-in?to={quote(to, safe='')}")
        await page.get_by_role("button", name=user).click()
        await page.wait_for_url(lambda address: address.startswith(self.url))
        try:
            yield page
        finally:
            await context.close()

    def _listen(self, message: ConsoleMessage) -> None:
        # A refused form is a status of 4xx, which the browser reports, too.
        if message.type in {"error", "warning"} and "the server responded with a status of 4" not in message.text:
            self.complaints.append(message.text)

    async def failed(self, count: int = 1, message: str = "Warranty is closed.") -> list[str]:
        """So many documents that D365 has refused, and would take now; their ids."""
        async with self.stack.dealer(DEALER) as dealer, self.stack.clerk() as clerk:
            fault = {"kind": "reject", "operation": "create", "id": f"f-{uuid4()}", "message": message}
            await _done(clerk.http.post("/_sandbox/faults", json=fault))
            found = []
            for number in range(count):
                case = await dealer.submitted(
                    str(uuid4()), description=f"The pump leaks, {number}.", notes="Call first."
                )
                found.append(case["web_case_id"])
            for web_case_id in found:
                await dealer.until(web_case_id, submission_state="failed")
            await _done(clerk.http.delete(f"/_sandbox/faults/{fault['id']}"))
        return [f"{web_case_id}-1" for web_case_id in found]

    async def state(self, document: str) -> str:
        """How a document stands."""
        async with self.stack.operator() as operator:
            return str((await operator.get(f"/v1/documents/{document}")).json()["state"])

    async def until(self, document: str, state: str) -> None:
        """Wait until the document stands so."""
        await eventually(lambda: self.state(document), lambda now: now == state, within_seconds=30)


async def _done(request: Any) -> None:
    answer: httpx.Response = await request
    assert answer.is_success, answer.text


@pytest_asyncio.fixture(scope="session")
async def chromium(executable: str) -> AsyncIterator[Browser]:
    """A browser for operators."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(QUIET))
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def operators(chromium: Browser, stack: Stack) -> AsyncIterator[Operators]:
    """Operators; at the end no page may have broken its Content-Security-Policy or failed in a script."""
    working = Operators(chromium, stack)
    yield working
    assert working.complaints == []

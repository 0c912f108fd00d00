"""Chromium on the whole local stack; without Chromium the tests are skipped (`make browser` brings it)."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.support import stack as stacks

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# What it would call home for; none of it belongs into a test.
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-default-apps", "--disable-features=Translate,OptimizationHints",
)  # fmt: skip
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


def chromium() -> str | None:
    """Where Chromium is."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Desk:
    """Where somebody sits before a browser: the stack, and ways to sign in."""

    stack: stacks.Stack
    browser: Browser

    @property
    def url(self) -> str:
        """The portal."""
        return self.stack.urls["portal-web"]

    @asynccontextmanager
    async def visitor(self, **options: Any) -> AsyncIterator[Page]:
        """A browser of its own, nobody signed in; what its pages complain of fails the test."""
        settings = {"viewport": {"width": 1280, "height": 900}, "timezone_id": "Europe/Berlin", **options}
        context = await self.browser.new_context(base_url=self.url, **settings)
        context.set_default_timeout(PATIENCE_MS)
        complaints = listen(context)
        page = await context.new_page()
        try:
            yield page
        finally:
            await context.close()
        assert complaints == []

    @asynccontextmanager
    async def dealer(self, user: str = "dana", dealer: str = "usmf-us-001", **options: Any) -> AsyncIterator[Page]:
        """A dealer before the list of cases."""
        async with self.visitor(**options) as page:
            await sign_in(page, user, f"/dealers/{dealer}/cases")
            yield page


def listen(context: BrowserContext) -> list[str]:
    """What scripts raise, and what the Content-Security-Policy refuses."""
    complaints: list[str] = []

    def hear(message: Any) -> None:
        if message.type == "error" and "status of" not in message.text:
            complaints.append(message.text)

    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", hear)
    return complaints


async def sign_in(page: Page, user: str, to: str = "/") -> None:
    """Sign in at the provider."""
    await page.goto(f"/sign-in?to={to}")
    await page.get_by_role("button", name=user).click()
    await page.wait_for_url(f"**{to}")


async def check(page: Page, what: str) -> None:
    """Hold a page against axe: no violation."""
    await page.evaluate(AXE + "; undefined")
    found = await page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    told = [
        f"{violation['id']}: {violation['help']}: {[node['html'][:160] for node in violation['nodes'][:3]]}"
        for violation in found["violations"]
    ]
    assert told == [], f"{what}: {told}"


@pytest.fixture(scope="session")
def executable() -> str:
    """Chromium, or a skip that says how to get it."""
    found = chromium()
    if found is None:
        pytest.skip("no Chromium: run `make browser`, or name one in CHROMIUM")
    return found


@pytest_asyncio.fixture(scope="session")
async def desk(stack: stacks.Stack, executable: str) -> AsyncIterator[Desk]:
    """The stack, with D365's lists read, and a browser."""
    async with stack.dealer("usmf-us-001") as dealer:
        await dealer.category()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(QUIET))
        yield Desk(stack, browser)
        await browser.close()

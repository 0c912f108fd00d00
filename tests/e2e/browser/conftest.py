"""Chromium on the whole local stack; without Chromium the tests are skipped (`make browser` installs it)."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, StorageState, async_playwright, expect

from tests.e2e.browser.world import World, populated
from tests.support import stack as stacks
from tests.support.patience import PATIENCE

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# No calls home: they do not belong in a test.
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-default-apps", "--disable-features=Translate,OptimizationHints",
)  # fmt: skip
PATIENCE_MS = 20_000 * PATIENCE
expect.set_options(timeout=PATIENCE_MS)


def chromium() -> str | None:
    """Chromium's path, if it is installed."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Visitors:
    """Users in their browsers: the stack, and ways to sign in."""

    stack: stacks.Stack
    browser: Browser
    _signed_in: dict[str, StorageState] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The portal's URL."""
        return self.stack.urls["portal-web"]

    @asynccontextmanager
    async def visitor(self, user: str | None = None, **options: Any) -> AsyncIterator[Page]:
        """A new browser, with `user` or nobody signed in; errors on its pages fail the test."""
        if user:
            options["storage_state"] = await self._state(user)
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
        """A dealer at the list of cases."""
        async with self.visitor(user, **options) as page:
            await page.goto(f"/dealers/{dealer}/cases")
            yield page

    async def _state(self, user: str) -> StorageState:
        """The cookies of a signed-in user, shared by all tests: none may sign out with them."""
        if user not in self._signed_in:
            async with self.visitor() as page:
                await sign_in(page, user, "/preferences")
                self._signed_in[user] = await page.context.storage_state()
        return self._signed_in[user]


def listen(context: BrowserContext) -> list[str]:
    """Collect script errors and refusals by the Content-Security-Policy."""
    complaints: list[str] = []

    def hear(message: Any) -> None:
        # The browser also reports the status of a refused form, and what a test lets fail.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", hear)
    return complaints


async def loaded(page: Page) -> None:
    """Wait until the page's scripts have run: before, its links and keys do what plain HTML does."""
    await page.wait_for_load_state("load")


async def sign_in(page: Page, user: str, to: str = "/") -> None:
    """Sign in at the provider."""
    await page.goto(f"/sign-in?to={to}")
    await page.get_by_role("button", name=user).click()
    await page.wait_for_url(f"**{to}")


async def sign_out_elsewhere(page: Page) -> None:
    """End the session of this browser without the open page's knowledge."""
    session = next(one for one in await page.context.cookies() if "session" in one.get("name", ""))
    await page.context.clear_cookies(name=session["name"])


@pytest.fixture(scope="session")
def executable() -> str:
    """Chromium's path; otherwise skips and says how to install it."""
    found = chromium()
    if found is None:
        pytest.skip("no Chromium: run `make browser`, or name one in CHROMIUM")
    return found


@pytest_asyncio.fixture(scope="session")
async def visitors(stack: stacks.Stack, executable: str) -> AsyncIterator[Visitors]:
    """The stack, with D365's lists read, and a browser."""
    async with stack.dealer("usmf-us-001") as dealer:
        await dealer.category()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(QUIET))
        yield Visitors(stack, browser)
        await browser.close()


@pytest_asyncio.fixture(scope="session")
async def world(visitors: Visitors) -> World:
    """The data that the pages show."""
    return await populated(visitors.stack)


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Path | None:
    """The folder for screenshots, if requested."""
    option = request.config.getoption("--screenshots")
    if option:
        Path(option).mkdir(parents=True, exist_ok=True)
    return Path(option) if option else None


@pytest.fixture
def few_looks(request: pytest.FixtureRequest) -> bool:
    """Whether most pages are checked in two looks only: `--few-looks`."""
    return bool(request.config.getoption("--few-looks"))

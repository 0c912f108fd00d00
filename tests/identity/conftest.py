"""A stack whose identity provider is Keycloak, set up with what `casebridge identity keycloak` prints."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright

from portal_web.domain.secret import Secret
from portal_web.domain.session import Session
from tests.e2e.browser.conftest import PATIENCE_MS, QUIET, executable
from tests.identity.server import PASSWORD, Keycloak, ready, started
from tests.support import stack as stacks
from tests.support.processes import free_port

__all__ = ["executable"]
REALM = "dealers"
DEALERS = ("usmf-us-001", "usmf-us-002")
# The shortest in which a busy machine gets through a sign-in.
STEP_UP_MINUTES = 1


@dataclass(frozen=True)
class Place:
    """The stack with its provider, and what the services know of it."""

    stack: stacks.Stack
    keycloak: Keycloak
    settings: dict[str, str]

    @property
    def portal(self) -> str:
        """The portal."""
        return self.stack.urls["portal-web"]

    async def session(self, page: Page) -> tuple[Secret, Session, int]:
        """The portal's session of a browser, as only its cookie opens it."""
        cookies = await page.context.cookies()
        secret = Secret(
            next(one["value"] for one in cookies if "session" in one["name"] and "casebridge" in one["name"])
        )
        connection = await asyncpg.connect(self.stack.database_url)
        try:
            row = await connection.fetchrow("SELECT content, version FROM portal_web.sessions WHERE id = $1", secret.id)
        finally:
            await connection.close()
        assert row is not None
        return secret, Session.model_validate_json(secret.open(row["content"]) or b""), row["version"]


def printed(*arguments: str) -> str:
    """What `casebridge identity keycloak` prints."""
    return stacks.casebridge("identity", "keycloak", "--realm", REALM, *arguments).stdout


@pytest_asyncio.fixture(scope="session")
async def place(executable: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """The stack first, for the realm names the portal's address; nothing of it without Chromium."""
    del executable
    folder: Path = tmp_path_factory.mktemp("identity")
    port = free_port()
    keycloak_url = f"http://127.0.0.1:{port}"
    lines = printed("--portal-url", "http://127.0.0.1", "--keycloak-url", keycloak_url, "--settings").splitlines()
    settings = dict(line.split("=", 1) for line in lines)
    given = {**settings, "STEP_UP_MINUTES": str(STEP_UP_MINUTES)}
    async with stacks.up(folder / "data", "--without", "oidc", environment=given) as stack:
        dealers = [word for dealer in DEALERS for word in ("--dealer", dealer)]
        realm = printed("--portal-url", stack.urls["portal-web"], "--administrators", *dealers)
        with started(folder, port, realm) as process:
            await ready(process, settings["OIDC_ISSUER"], folder / "keycloak.log")
            async with httpx2.AsyncClient(timeout=30) as admin:
                yield Place(stack, Keycloak(keycloak_url, REALM, admin), settings)


@pytest_asyncio.fixture
async def page(executable: str) -> AsyncIterator[Page]:
    """A browser of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(QUIET))
        context = await browser.new_context()
        context.set_default_timeout(PATIENCE_MS)
        yield await context.new_page()
        await browser.close()


async def sign_in(place: Place, page: Page, user: str, to: str) -> None:
    """Sign in at Keycloak, as a person does."""
    await page.goto(f"{place.portal}/sign-in?to={to}")
    await page.locator("#username").fill(user)
    await page.locator("#password").fill(PASSWORD)
    await page.locator("#kc-login").click()
    await page.wait_for_url(f"{place.portal}{to}")

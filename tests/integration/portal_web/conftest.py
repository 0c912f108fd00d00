"""The portal on a real database, with the real case-api and identity provider in this process."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import httpx2
import pytest
import pytest_asyncio
from aiohttp import web
from fastapi import FastAPI

import portal_web.wiring
from case_shared.process.clock import SystemClock
from case_shared.web.auth import TokenVerifier
from casebridge.oidc.app import create_app as create_provider
from casebridge.oidc.settings import OidcProviderSettings
from portal_web.settings import Settings
from portal_web.web.context import Context
from tests.integration.case_api.conftest import Api, api
from tests.support.databases import Database
from tests.support.patience import PATIENCE
from tests.support.processes import free_port

PORTAL = "http://127.0.0.1:8080"
CASE_API = "http://case-api"
CASES = "/dealers/usmf-us-001/cases"
__all__ = ["api"]  # case-api on the test's own database
TRUST = httpx2.create_ssl_context()  # made once: it takes 25 ms
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@dataclass
class Counting(httpx2.AsyncBaseTransport):
    """An API in this process; records its requests; can be down, lose answers to a method (`mute`), refuse tokens."""

    to: httpx2.ASGITransport
    asked: list[str] = field(default_factory=list)
    away: bool = False
    mute: str = ""
    refuses_tokens: bool = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if self.away:
            raise httpx2.ConnectError("away", request=request)
        if self.refuses_tokens:
            return httpx2.Response(401, request=request)
        answer = await self.to.handle_async_request(request)
        if request.method == self.mute:
            raise httpx2.ReadTimeout("lost", request=request)
        return answer


@dataclass
class Browser:
    """A browser without JavaScript: cookies, links and forms."""

    http: httpx2.AsyncClient

    async def get(self, path: str, **options: object) -> httpx2.Response:
        """Open a page, and follow redirects."""
        return await self.http.get(path, follow_redirects=True, **options)  # type: ignore[arg-type]

    async def sign_in(self, user: str, to: str = "/") -> httpx2.Response:
        """Sign in at the provider, and return to `to`."""
        return await self.at_provider(await self.http.get("/sign-in", params={"to": to}), user)

    async def at_provider(self, sent: httpx2.Response, user: str) -> httpx2.Response:
        """Follow a redirect to the provider, choose a user there, and come back."""
        address = sent.headers["location"]
        async with httpx2.AsyncClient(timeout=5 * PATIENCE, verify=TRUST) as outside:
            page = await outside.get(address)
            fields = {**hidden(page.text), "user": user}
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(address))
            answer = await outside.post(f"{origin}/authorize", data=fields)
        back = urlsplit(answer.headers["location"])
        return await self.get(f"{back.path}?{back.query}")

    async def send(self, page: httpx2.Response, path: str, follow: bool = True, **fields: str) -> httpx2.Response:
        """Send a form of a page, its hidden fields included."""
        form = {**hidden(page.text), **fields}
        return await self.http.post(path, data=form, follow_redirects=follow)

    async def draft(self, **fields: str) -> str:
        """Write a case and save it; returns its Web Case ID."""
        page = await self.get(f"{CASES}/new")
        answer = await self.send(page, address_of(page), follow=False, action="close", **fields)
        assert answer.status_code == 303, answer.text
        notice = answer.cookies.get("notice") or ""
        return notice.rpartition(".")[2]


def hidden(text: str) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    return {name: html.unescape(value) for name, value in _HIDDEN.findall(text)}


def address_of(page: httpx2.Response) -> str:
    """Path and query of a page."""
    return page.url.path + (f"?{page.url.query.decode()}" if page.url.query else "")


@dataclass
class Portal:
    """The portal and what it uses."""

    app: httpx2.ASGITransport
    api: Counting
    context: Context
    database: Database

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        """A new browser."""
        async with httpx2.AsyncClient(transport=self.app, base_url=PORTAL, headers={"Origin": PORTAL}) as http:
            yield Browser(http)


@pytest.fixture(scope="session")
def issuer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the development identity provider keeps its key."""
    return tmp_path_factory.mktemp("oidc")


@pytest_asyncio.fixture(scope="session")
async def issuer(issuer_folder: Path) -> AsyncIterator[str]:
    """The development identity provider."""
    folder, port = issuer_folder, free_port()
    address = f"http://127.0.0.1:{port}"
    runner = web.AppRunner(create_provider(OidcProviderSettings(oidc_issuer=address, oidc_data_dir=folder)))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield address
    await runner.cleanup()


@asynccontextmanager
async def serving(settings: Settings, database: Database, url: str, service: FastAPI) -> AsyncIterator[Portal]:
    """The portal with one of our APIs behind it, at `url`."""
    clock = SystemClock()
    async with database.pool("portal_web") as pool, aiohttp.ClientSession() as session:
        service.state.token_verifier = TokenVerifier(settings, session, clock)
        counting = Counting(httpx2.ASGITransport(app=service))
        async with httpx2.AsyncClient(mounts={url: counting}, timeout=5 * PATIENCE, verify=TRUST) as http:
            app = portal_web.wiring.build_app(settings)
            app.state.context, _ = portal_web.wiring.compose(settings, pool, session, http, clock)
            transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
            yield Portal(transport, counting, app.state.context, database)


@pytest_asyncio.fixture
async def portal(api: Api, issuer: str) -> AsyncIterator[Portal]:
    """The portal with case-api behind it; no loops run, so nothing is delivered."""
    url = api.database.url("portal_web")
    settings = Settings(database_url=url, oidc_issuer=issuer, public_url=PORTAL, case_api_url=CASE_API)
    service: FastAPI = api.client._transport.app  # type: ignore[attr-defined]
    async with serving(settings, api.database, CASE_API, service) as running:
        yield running


@pytest_asyncio.fixture
async def dana(portal: Portal) -> AsyncIterator[Browser]:
    """A dealer, signed in."""
    async with portal.browser() as browser:
        arrived = await browser.sign_in("dana", f"{CASES}/new")
        assert arrived.status_code == 200, arrived.text
        yield browser

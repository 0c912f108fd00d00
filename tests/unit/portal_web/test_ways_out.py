"""How the portal reaches the APIs and the identity provider: without a proxy, and with the system's authorities."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from case_shared.process.clock import SystemClock
from case_shared.web.auth import TokenVerifier
from portal_web.clients.provider import OidcProvider
from portal_web.clients.rest import Rest, connections
from portal_web.domain.session import Tokens
from portal_web.settings import Settings
from tests.support.tls import authorities_folder, client_certificate, server_certificate

OLD = Tokens(access_token="a", refresh_token="r", id_token="i", expires_at=SystemClock().now(), scopes=frozenset("s"))


@asynccontextmanager
async def answering(tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """An API and an identity provider at one address."""

    async def discovery(request: web.Request) -> web.Response:
        return web.json_response({"token_endpoint": str(request.url.with_path("/token"))})

    async def token(_: web.Request) -> web.Response:
        return web.json_response({"access_token": "new"})

    async def cases(request: web.Request) -> web.Response:
        return web.json_response({"token": request.headers["Authorization"]})

    app = web.Application()
    app.add_routes(
        [
            web.get("/.well-known/openid-configuration", discovery),
            web.post("/token", token),
            web.get("/v1/cases", cases),
        ]
    )
    server = TestServer(app)
    await server.start_server(ssl=tls)
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


async def ask_both(url: str) -> None:
    """Ask the API for something, and the provider for a renewal."""
    settings = Settings(
        database_url="postgresql://u:test@127.0.0.1/db",
        public_url="http://localhost",
        case_api_url=url,
        oidc_issuer=url,
    )
    clock = SystemClock()
    async with connections(1) as http, ClientSession() as keys:
        assert (await Rest(http, url, "secret").get("/v1/cases")).body == {"token": "Bearer secret"}
        provider = OidcProvider(settings, http, TokenVerifier(settings, keys, clock), clock)
        assert (await provider.renew(OLD)).access_token == "new"


async def test_no_proxy_gets_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    async with answering() as url:
        await ask_both(url)


async def test_the_authorities_of_ssl_cert_file_are_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tls, trusted = server_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with answering(tls) as url:
        await ask_both(url)


async def test_the_system_s_folder_is_trusted_beside_ssl_cert_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As the other services do it: an authority of one's own for PostgreSQL, and a provider on the internet."""
    tls, public = server_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(client_certificate(tmp_path)))
    monkeypatch.setenv("SSL_CERT_DIR", str(authorities_folder(tmp_path / "certs", public)))
    async with answering(tls) as url:
        await ask_both(url)

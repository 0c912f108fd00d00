"""Which parts of a provider's discovery document the portal trusts."""

import httpx2
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from case_shared.process.clock import SystemClock
from case_shared.web.auth import TokenVerifier
from case_shared.words.errors import Transient
from portal_web.clients.provider import OidcProvider
from portal_web.domain.session import SignIn, Tokens
from portal_web.settings import Settings


def provider_at(issuer: str, http: httpx2.AsyncClient, keys: ClientSession) -> OidcProvider:
    settings = Settings(
        database_url="postgresql://u:test@127.0.0.1/db",
        public_url="http://localhost",
        case_api_url="http://localhost:8000",
        oidc_issuer=issuer,
    )
    clock = SystemClock()
    return OidcProvider(settings, http, TokenVerifier(settings, keys, clock), clock)


@pytest.mark.parametrize(
    ("endpoint", "taken"),
    [
        ("https://login.example/token", True),
        ("http://localhost:8090/token", True),
        ("http://login.example/token", False),
        ("ftp://login.example/token", False),
        (None, False),
    ],
)
async def test_secrets_go_to_no_token_endpoint_where_others_read_along(endpoint: str | None, taken: bool) -> None:
    async def discovery(_: web.Request) -> web.Response:
        return web.json_response({"token_endpoint": endpoint, "authorization_endpoint": "https://login.example/in"})

    app = web.Application()
    app.add_routes([web.get("/.well-known/openid-configuration", discovery)])
    async with TestServer(app) as server, httpx2.AsyncClient(trust_env=False) as http, ClientSession() as keys:
        provider = provider_at(str(server.make_url("")).rstrip("/"), http, keys)
        sign_in = SignIn(state="s", nonce="n", code_verifier="v" * 43, return_to="/")
        if taken:
            assert (await provider.address(sign_in)).startswith("https://login.example/in?")
        else:
            with pytest.raises(Transient):
                await provider.address(sign_in)


async def test_no_address_is_longer_than_providers_take() -> None:
    """Keycloak takes 4 KiB in a request's line; an ID token with hundreds of dealers has more."""

    async def discovery(_: web.Request) -> web.Response:
        end, token = "https://login.example/end", "https://login.example/token"
        return web.json_response({"token_endpoint": token, "end_session_endpoint": end})

    app = web.Application()
    app.add_routes([web.get("/.well-known/openid-configuration", discovery)])
    async with TestServer(app) as server, httpx2.AsyncClient(trust_env=False) as http, ClientSession() as keys:
        provider = provider_at(str(server.make_url("")).rstrip("/"), http, keys)
        short, long = [await provider.end_address(tokens("x" * length)) for length in (1000, 20_000)]
    assert short
    assert "id_token_hint=x" in short
    assert long
    assert "id_token_hint" not in long
    assert "client_id=portal-web" in long


def tokens(id_token: str) -> Tokens:
    return Tokens(
        access_token="a", refresh_token=None, id_token=id_token, expires_at=SystemClock().now(), scopes=frozenset()
    )

"""Which parts of a provider's discovery document the portal trusts, and what it makes of the provider's answers."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx2
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from case_shared.process.clock import SystemClock
from case_shared.web.auth import TokenVerifier
from case_shared.words.errors import Transient
from portal_web.clients.provider import OidcProvider
from portal_web.domain.errors import ProviderError, SignInFailed
from portal_web.domain.session import Session, SignIn, Tokens
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
        short, long = [await provider.end_address("x" * length) for length in (1000, 20_000)]
    assert short
    assert "id_token_hint=x" in short
    assert long
    assert "id_token_hint" not in long
    assert "client_id=portal-web" in long


@asynccontextmanager
async def answering(status: int, answer: object) -> AsyncIterator[OidcProvider]:
    """A provider whose token endpoint always answers so."""

    async def discovery(request: web.Request) -> web.Response:
        return web.json_response({"token_endpoint": str(request.url.with_path("/token"))})

    async def token(request: web.Request) -> web.Response:
        sent = await request.post()
        assert (sent["client_id"], sent["grant_type"]) in {
            ("portal-web", "refresh_token"),
            ("portal-web", "authorization_code"),
        }
        return web.Response(status=status, text=answer if isinstance(answer, str) else json.dumps(answer))

    app = web.Application()
    app.add_routes([web.get("/.well-known/openid-configuration", discovery), web.post("/token", token)])
    async with TestServer(app) as server, httpx2.AsyncClient(trust_env=False) as http, ClientSession() as keys:
        yield provider_at(str(server.make_url("")).rstrip("/"), http, keys)


OLD = Tokens(access_token="a", refresh_token="r", id_token="i", expires_at=SystemClock().now(), scopes=frozenset("s"))
SIGN_IN = SignIn(state="s", nonce="n", code_verifier="v" * 43, return_to="/")


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (429, {"error": "too_many_requests"}),
        (400, {"error": "temporarily_unavailable"}),
        (400, {"error": "server_error"}),
        (400, {"error": "slow_down"}),
        (401, {"error": "invalid_client"}),
        (400, {"error": "unauthorized_client"}),
        (503, {"error": "invalid_grant"}),
        (200, {}),
        (200, {"access_token": None}),
        (200, []),
        (200, "<html>"),
        (404, "Not found"),
    ],
)
async def test_a_renewal_that_fails_for_now_ends_no_session(status: int, answer: object) -> None:
    async with answering(status, answer) as provider:
        with pytest.raises(Transient):
            await provider.renew(OLD)


@pytest.mark.parametrize("error", ["invalid_grant", "interaction_required"])
async def test_a_renewal_that_never_succeeds_needs_a_new_sign_in(error: str) -> None:
    async with answering(400, {"error": error, "error_description": "revoked"}) as provider:
        with pytest.raises(SignInFailed) as refused:
            await provider.renew(OLD)
    assert refused.value.said == ProviderError(error, "revoked")


async def test_a_code_for_which_no_token_comes_signs_nobody_in() -> None:
    async with answering(200, {"token_type": "Bearer"}) as provider:
        with pytest.raises(SignInFailed):
            await provider.exchange(SIGN_IN, "code")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ({}, 300), (60, 60), ("3599", 3599), ("3599.5", 3599.5), (0, 300), (-5, 300), ("never", 300), (None, 300),
        ([], 300), (10**400, 300), (10**15, 86_400),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
async def test_an_odd_lifetime_is_a_short_one(said: object, seconds: float) -> None:
    life = {} if said == {} else {"expires_in": said}
    async with answering(200, {"access_token": "new", "error": None, **life}) as provider:
        tokens = await provider.renew(OLD)
    now = tokens.issued_at
    assert now
    assert (tokens.access_token, tokens.refresh_token, tokens.scopes) == ("new", "r", OLD.scopes)
    assert tokens.expires_at - now == timedelta(seconds=seconds)
    session = Session(subject="dana", username="dana", tokens=tokens)
    assert not session.due(now), "else each request renews it"
    assert session.due(now + timedelta(seconds=seconds - min(60, seconds / 2)))

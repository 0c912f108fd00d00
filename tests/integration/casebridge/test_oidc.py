"""The development identity provider, used like a portal and like a service do."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from joserfc import jwt
from joserfc.jwk import KeySet

from case_shared.words.scopes import Scope
from casebridge.oidc.app import create_app
from casebridge.oidc.settings import OidcProviderSettings

VERIFIER = "a-verifier-that-is-long-enough-for-the-rfc-7636-rule"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
REDIRECT = "http://127.0.0.1:9999/callback"
ASKED: dict[str, str] = {
    "response_type": "code",
    "client_id": "portal-web",
    "redirect_uri": REDIRECT,
    "scope": "openid cases:read documents:write",
    "state": "xyz",
    "nonce": "n-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest_asyncio.fixture(scope="module")
async def provider(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TestClient[Any, Any]]:
    folder: Path = tmp_path_factory.mktemp("oidc")
    settings = OidcProviderSettings(
        oidc_issuer="http://127.0.0.1:8090", oidc_data_dir=folder, oidc_tools_secret="tools-secret"
    )
    async with TestClient(TestServer(create_app(settings))) as client:
        yield client


async def sign_in(provider: TestClient[Any, Any], user: str, **asked: str) -> dict[str, list[str]]:
    answer = await provider.post("/authorize", data={**ASKED, **asked, "user": user}, allow_redirects=False)
    assert answer.status == 302, await answer.text()
    assert answer.headers["Location"].startswith(REDIRECT)
    return parse_qs(urlsplit(answer.headers["Location"]).query)


async def exchange(provider: TestClient[Any, Any], **form: str) -> tuple[int, dict[str, Any]]:
    answer = await provider.post("/token", data=form)
    return answer.status, await answer.json()


async def exchange_code(provider: TestClient[Any, Any], code: str, verifier: str = VERIFIER) -> tuple[int, Any]:
    form = {"grant_type": "authorization_code", "client_id": "portal-web", "redirect_uri": REDIRECT}
    return await exchange(provider, **form, code=code, code_verifier=verifier)


async def claims_of(provider: TestClient[Any, Any], token: str) -> dict[str, Any]:
    """The token's claims, checked as by a service: with discovery and JWKS."""
    discovery = await (await provider.get("/.well-known/openid-configuration")).json()
    keys = await (await provider.get(urlsplit(discovery["jwks_uri"]).path)).json()
    assert "d" not in keys["keys"][0]
    return dict(jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"]).claims)


async def test_login_page_offers_the_ready_made_users(provider: TestClient[Any, Any]) -> None:
    answer = await provider.get("/authorize", params=ASKED)
    page = await answer.text()
    assert answer.status == 200
    for user in ("dana", "theo", "olga", "rudi"):
        assert f'value="{user}"' in page
    assert "never for production" in page
    assert "<script" not in page


async def test_login_page_escapes_what_the_client_sent(provider: TestClient[Any, Any]) -> None:
    page = await (await provider.get("/authorize", params={**ASKED, "state": '"><script>'})).text()
    assert "<script>" not in page


async def test_code_with_pkce_gives_tokens_of_the_user(provider: TestClient[Any, Any]) -> None:
    callback = await sign_in(provider, "theo")
    assert callback["state"] == ["xyz"]
    status, tokens = await exchange_code(provider, callback["code"][0])
    assert status == 200
    claims = await claims_of(provider, tokens["access_token"])
    assert claims["iss"] == "http://127.0.0.1:8090"
    assert claims["aud"] == "casebridge"
    assert claims["dealers"] == ["usmf-us-001", "usmf-us-002"]
    assert claims["preferred_username"] == "theo"
    assert claims["scope"].split() == ["openid", Scope.CASES_READ]  # never more than a dealer may have
    identity = await claims_of(provider, tokens["id_token"])
    assert (identity["sub"], identity["aud"], identity["nonce"]) == ("theo", "portal-web", "n-1")


async def test_refresh_gives_a_new_access_token(provider: TestClient[Any, Any]) -> None:
    callback = await sign_in(provider, "dana")
    _, tokens = await exchange_code(provider, callback["code"][0])
    form = {"grant_type": "refresh_token", "client_id": "portal-web", "refresh_token": tokens["refresh_token"]}
    status, refreshed = await exchange(provider, **form)
    assert status == 200
    assert (await claims_of(provider, refreshed["access_token"]))["dealers"] == ["usmf-us-001"]


async def test_userinfo_says_who_the_token_is_for(provider: TestClient[Any, Any]) -> None:
    callback = await sign_in(provider, "dana")
    _, tokens = await exchange_code(provider, callback["code"][0])
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    userinfo = await (await provider.get("/userinfo", headers=bearer)).json()
    assert userinfo == {"sub": "dana", "preferred_username": "dana", "dealers": ["usmf-us-001"]}
    assert (await provider.get("/userinfo", headers={"Authorization": "Bearer x"})).status == 401


async def test_tools_get_a_token_for_their_secret(provider: TestClient[Any, Any]) -> None:
    secret = base64.b64encode(b"tools:tools-secret").decode()
    form = {"grant_type": "client_credentials", "scope": Scope.DOCUMENTS_READ}
    answer = await provider.post("/token", data=form, headers={"Authorization": f"Basic {secret}"})
    claims = await claims_of(provider, (await answer.json())["access_token"])
    assert (claims["sub"], claims["scope"], claims["dealers"]) == ("tools", Scope.DOCUMENTS_READ, [])


async def test_code_is_good_once_and_for_its_verifier_alone(provider: TestClient[Any, Any]) -> None:
    callback = await sign_in(provider, "dana")
    code = callback["code"][0]
    assert (await exchange_code(provider, code, "another-verifier-that-is-long-enough-for-the-rule"))[0] == 400
    assert (await exchange_code(provider, code))[0] == 200
    assert (await exchange_code(provider, code))[1]["error"] == "invalid_grant"


async def test_code_without_pkce_is_worth_nothing(provider: TestClient[Any, Any]) -> None:
    callback = await sign_in(provider, "dana", code_challenge="", code_challenge_method="")
    form = {"grant_type": "authorization_code", "client_id": "portal-web", "redirect_uri": REDIRECT}
    status, answer = await exchange(provider, **form, code=callback["code"][0])
    assert (status, answer["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    "wrong",
    [{"redirect_uri": "https://evil.example/callback"}, {"client_id": "stranger"}, {"redirect_uri": "javascript:x"}],
)
async def test_stranger_is_not_redirected_to(provider: TestClient[Any, Any], wrong: dict[str, str]) -> None:
    answer = await provider.get("/authorize", params={**ASKED, **wrong}, allow_redirects=False)
    assert answer.status in {400, 401}
    assert "Location" not in answer.headers


async def test_nobody_picked_is_access_denied(provider: TestClient[Any, Any]) -> None:
    assert (await sign_in(provider, "nobody"))["error"] == ["access_denied"]


async def test_sign_out_returns_to_the_client_and_nowhere_else(provider: TestClient[Any, Any]) -> None:
    target = {"post_logout_redirect_uri": REDIRECT, "state": "s"}
    answer = await provider.get("/end_session", params=target, allow_redirects=False)
    assert answer.headers["Location"] == f"{REDIRECT}?state=s"
    target = {"post_logout_redirect_uri": "https://evil.example/"}
    answer = await provider.get("/end_session", params=target, allow_redirects=False)
    assert "Location" not in answer.headers


async def test_front_ends_of_other_origins_may_ask_for_tokens(provider: TestClient[Any, Any]) -> None:
    answer = await provider.options("/token", headers={"Origin": "http://localhost:5173"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"

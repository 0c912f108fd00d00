"""Which tokens are trusted: the issuer is a real HTTP server with a real JWKS."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import jwt
import pytest
import pytest_asyncio
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from case_shared.auth import ProviderUnreachable, TokenVerifier
from case_shared.clock import SystemClock
from case_shared.settings import OidcSettings
from tests.support.eventually import eventually

KEYS = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in ("one", "two")}


@dataclass
class Issuer:
    """An OIDC provider that publishes the keys in `published`."""

    url: str = ""
    published: list[str] = field(default_factory=lambda: ["one"])
    fetches: int = 0

    async def discovery(self, _request: web.Request) -> web.Response:
        return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/jwks"})

    async def jwks(self, _request: web.Request) -> web.Response:
        self.fetches += 1
        return web.json_response({"keys": [public_key(name) for name in self.published]})

    def token(self, key: str = "one", **claims: Any) -> str:
        payload = {
            "iss": self.url,
            "aud": "casebridge",
            "sub": "user-1",
            "exp": datetime.now(UTC) + timedelta(minutes=5),
            "scope": "cases:read cases:write",
            "dealers": ["usmf-us-001"],
            "preferred_username": "anna",
            **claims,
        }
        payload = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode(payload, KEYS[key], algorithm="RS256", headers={"kid": key})


def public_key(name: str) -> dict[str, Any]:
    key: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEYS[name].public_key()))
    return {**key, "kid": name, "use": "sig", "alg": "RS256"}


@pytest_asyncio.fixture
async def issuer() -> AsyncIterator[Issuer]:
    provider = Issuer()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", provider.discovery)
    app.router.add_get("/jwks", provider.jwks)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield provider
    await runner.cleanup()


@pytest_asyncio.fixture
async def verifier(issuer: Issuer) -> AsyncIterator[TokenVerifier]:
    async with aiohttp.ClientSession() as session:
        yield TokenVerifier(OidcSettings(oidc_issuer=issuer.url), session, SystemClock())


async def test_a_good_token_tells_who_calls(issuer: Issuer, verifier: TokenVerifier) -> None:
    principal = await verifier.verify(issuer.token())
    assert (principal.subject, principal.username) == ("user-1", "anna")
    assert principal.scopes == {"cases:read", "cases:write"}
    assert principal.dealers == {"usmf-us-001"}


async def test_without_preferred_username_the_subject_stands(issuer: Issuer, verifier: TokenVerifier) -> None:
    assert (await verifier.verify(issuer.token(preferred_username=None))).username == "user-1"


async def test_keys_are_fetched_before_anybody_needs_them(issuer: Issuer, verifier: TokenVerifier) -> None:
    stopping = asyncio.Event()
    keeping = asyncio.create_task(verifier.keep_keys(stopping))

    async def fetched() -> bool:
        return issuer.fetches == 1

    await eventually(fetched)
    stopping.set()
    await keeping
    await verifier.verify(issuer.token())
    assert issuer.fetches == 1


async def test_keys_are_fetched_once(issuer: Issuer, verifier: TokenVerifier) -> None:
    for _ in range(3):
        await verifier.verify(issuer.token())
    assert issuer.fetches == 1


@pytest.mark.parametrize(
    ("claims", "client"),
    [
        ({}, None),
        ({"azp": "portal", "client_id": "x"}, "portal"),
        ({"client_id": "portal"}, "portal"),
        ({"appid": "portal"}, "portal"),
    ],
)
async def test_the_client_is_told_by_whatever_claim_has_it(
    issuer: Issuer, verifier: TokenVerifier, claims: dict[str, Any], client: str | None
) -> None:
    assert (await verifier.verify(issuer.token(**claims))).client == client


async def test_a_token_that_is_known_is_checked_anew_once_it_is_over(issuer: Issuer, verifier: TokenVerifier) -> None:
    @dataclass
    class Later(SystemClock):
        seconds: float = 0

        def now(self) -> datetime:
            return super().now() + timedelta(seconds=self.seconds)

    verifier.clock = clock = Later()
    token = issuer.token(exp=datetime.now(UTC))
    first = await verifier.verify(token)
    clock.seconds = 10
    assert await verifier.verify(token) is first, "within the leeway it is as good as ever"
    clock.seconds = 30
    assert await verifier.verify(token) is not first


async def test_a_token_that_is_known_is_forgotten_with_its_key(issuer: Issuer, verifier: TokenVerifier) -> None:
    old, new = issuer.token("one"), issuer.token("two")
    await verifier.verify(old)
    issuer.published = ["two"]
    verifier._fetched_at = float("-inf")
    await verifier.verify(new)
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.verify(old)


async def test_of_known_tokens_few_are_kept(
    issuer: Issuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("case_shared.auth._KNOWN_TOKENS", 3)
    for number in range(5):
        await verifier.verify(issuer.token(sub=str(number)))
    assert len(verifier._known) == 3


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"iss": "http://elsewhere"},
        {"exp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"exp": None},
        {"sub": None},
        {"nbf": datetime(2120, 1, 1, tzinfo=UTC)},
    ],
    ids=["audience", "issuer", "expired", "no expiry", "no subject", "not yet valid"],
)
async def test_a_token_with_wrong_claims_is_refused(
    issuer: Issuer, verifier: TokenVerifier, claims: dict[str, Any]
) -> None:
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.verify(issuer.token(**claims))


async def test_an_unknown_key_is_refused(issuer: Issuer, verifier: TokenVerifier) -> None:
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.verify(issuer.token(key="two"))


async def test_a_token_without_signature_is_refused(issuer: Issuer, verifier: TokenVerifier) -> None:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.verify(jwt.encode(claims, "", algorithm="none", headers={"kid": "one"}))


async def test_the_public_key_is_no_hmac_secret(issuer: Issuer, verifier: TokenVerifier) -> None:
    # By hand, since a well-kept library refuses to forge it.
    header = encoded(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "one"}).encode())
    signed = f"{header}.{issuer.token().split('.')[1]}"
    pem = KEYS["one"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signature = encoded(hmac.digest(pem, signed.encode(), "sha256"))
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.verify(f"{signed}.{signature}")


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "ey.ey.ey", "\x00"])
async def test_what_is_no_token_is_refused(verifier: TokenVerifier, text: str) -> None:
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.verify(text)


async def test_an_issuer_that_is_away_is_no_bad_token() -> None:
    async with aiohttp.ClientSession() as session:
        verifier = TokenVerifier(OidcSettings(oidc_issuer="http://127.0.0.1:9"), session, SystemClock())
        with pytest.raises(ProviderUnreachable):
            await verifier.verify(Issuer("http://127.0.0.1:9").token())

"""Which tokens are trusted: the issuer is a real HTTP server with a real JWKS."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import jwt
import pytest
import pytest_asyncio
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from prometheus_client import REGISTRY

from case_shared.process.settings import OidcSettings
from case_shared.web import provider_keys
from case_shared.web.auth import MAX_TOKEN_LENGTH, TokenTooLong, TokenVerifier
from case_shared.web.provider_keys import DEVELOPMENT_MARK, ProviderUnreachable, usable_keys
from case_shared.words.scopes import Scope
from tests.support.clocks import HandClock
from tests.support.eventually import eventually

KEYS: dict[str, Any] = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in ("one", "two")}
KEYS |= {"curve": ec.generate_private_key(ec.SECP384R1()), "edwards": ed25519.Ed25519PrivateKey.generate()}
SIGNS_WITH = {"curve": "ES384", "edwards": "EdDSA"}
# What providers publish besides the keys that we can use.
STRANGE: list[Any] = [
    {"kty": "RSA", "kid": "enc", "use": "enc", "alg": "RSA-OAEP", "n": "AQAB", "e": "AQAB"},
    {"kty": "oct", "kid": "symmetric", "k": "c2VjcmV0"},
    {"kty": "EC", "crv": "secp256k1", "kid": "coin", "x": "AQ", "y": "AQ"},
    {"kty": "OKP", "crv": "X25519", "kid": "exchange", "x": "AQ"},
    {"kty": "AKP", "alg": "ML-DSA-44", "kid": "later", "pub": "AQ"},
    {"kty": "RSA", "kid": "broken", "n": "!", "e": ["?"]},
    {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
    "nonsense",
]


@dataclass
class Issuer:
    """An OIDC provider that publishes the keys in `published`, unless it is `away`."""

    url: str = ""
    published: list[str] = field(default_factory=lambda: ["one"])
    strange: list[Any] = field(default_factory=list)
    fetches: int = 0
    away: bool = False
    development: bool = False
    name: str | None = None

    async def discovery(self, _request: web.Request) -> web.Response:
        self.fetches += 1
        if self.away:
            return web.Response(status=503)
        mark = {DEVELOPMENT_MARK: True} if self.development else {}
        return web.json_response({"issuer": self.name or self.url, "jwks_uri": f"{self.url}/jwks", **mark})

    async def jwks(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": [*self.strange, *(public_key(name) for name in self.published)]})

    def token(
        self, key: str = "one", header: dict[str, Any] | None = None, algorithm: str | None = None, **claims: Any
    ) -> str:
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
        algorithm = algorithm or SIGNS_WITH.get(key, "RS256")
        return jwt.encode(payload, KEYS[key], algorithm=algorithm, headers={"kid": key, **(header or {})})


def public_key(name: str) -> dict[str, Any]:
    algorithm = jwt.get_algorithm_by_name(SIGNS_WITH.get(name, "RS256"))
    key: dict[str, Any] = json.loads(algorithm.to_jwk(KEYS[name].public_key()))
    return {**key, "kid": name, "use": "sig"}


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


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest_asyncio.fixture
async def verifier(issuer: Issuer, clock: HandClock) -> AsyncIterator[TokenVerifier]:
    async with aiohttp.ClientSession() as session:
        yield TokenVerifier(OidcSettings(oidc_issuer=issuer.url), session, clock)


async def test_a_good_token_says_who_calls(issuer: Issuer, verifier: TokenVerifier) -> None:
    principal = await verifier.verify(issuer.token())
    assert (principal.subject, principal.username) == ("user-1", "anna")
    assert principal.scopes == {Scope.CASES_READ, Scope.CASES_WRITE}
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


def seconds(number: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=number)


@pytest.mark.parametrize(
    ("claims", "client"),
    [
        ({}, None),
        ({"azp": "portal", "client_id": "x"}, "portal"),
        ({"client_id": "portal"}, "portal"),
        ({"appid": "portal"}, "portal"),
    ],
)
async def test_the_client_is_named_by_whatever_claim_has_it(
    issuer: Issuer, verifier: TokenVerifier, claims: dict[str, Any], client: str | None
) -> None:
    assert (await verifier.verify(issuer.token(**claims))).client == client


async def test_a_token_that_is_known_is_checked_again_once_it_is_over(
    issuer: Issuer, verifier: TokenVerifier, clock: HandClock
) -> None:
    token = issuer.token(exp=datetime.now(UTC))
    first = await verifier.verify(token)
    clock.seconds = 10
    assert await verifier.verify(token) is first, "within the leeway it is as good as ever"
    clock.seconds = 31
    assert await verifier.verify(token) is not first


async def test_a_token_that_ends_with_the_calendar_is_taken_again_and_again(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    token = issuer.token(exp=253402300799)  # 9999-12-31T23:59:59Z
    assert await verifier.verify(token) == await verifier.verify(token)


async def test_a_token_that_is_known_is_forgotten_with_its_key(
    issuer: Issuer, verifier: TokenVerifier, clock: HandClock
) -> None:
    old, new = issuer.token("one"), issuer.token("two")
    await verifier.verify(old)
    issuer.published = ["two"]
    clock.seconds = 11
    await verifier.verify(new)
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.verify(old)


async def test_of_known_tokens_few_are_kept(
    issuer: Issuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("case_shared.web.auth._KNOWN_TOKENS", 3)
    for number in range(5):
        await verifier.verify(issuer.token(sub=str(number)))
    assert len(verifier._known) == 3


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "http://elsewhere"},
        {"iss": None},
        {"exp": timedelta(seconds=-3600)},
        {"exp": timedelta(seconds=-35)},
        {"exp": None},
        {"exp": "never"},
        {"exp": 10**30},
        {"sub": None},
        {"sub": 7},
        {"nbf": timedelta(seconds=3600)},
        {"nbf": timedelta(seconds=300)},
        {"iat": timedelta(seconds=300)},
    ],
)
async def test_a_token_with_wrong_claims_is_refused(
    issuer: Issuer, verifier: TokenVerifier, claims: dict[str, Any]
) -> None:
    # Times are relative to now: parameters are created when tests are collected, minutes earlier.
    now = datetime.now(UTC)
    given: dict[str, Any] = {
        name: now + value if isinstance(value, timedelta) else value for name, value in claims.items()
    }
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.verify(issuer.token(**given))


async def test_clocks_may_differ_by_30_seconds(issuer: Issuer, verifier: TokenVerifier) -> None:
    await verifier.verify(issuer.token())  # fetches the keys
    await verifier.verify(issuer.token(exp=seconds(-25)))
    await verifier.verify(issuer.token(nbf=seconds(25), iat=seconds(25)))


@pytest.mark.parametrize(
    "header",
    [
        {"kid": None},
        {"kid": ""},
        {"kid": 1},
        {"alg": None},
        {"alg": ["RS256"]},
        {"alg": "none"},
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": True},
        {"typ": "refresh+jwt"},
        {"typ": "logout+jwt"},
        {"typ": ["JWT"]},
    ],
)
async def test_a_token_with_a_wrong_header_is_refused(
    issuer: Issuer, verifier: TokenVerifier, header: dict[str, Any]
) -> None:
    # By hand, because a careful library refuses to create some of them.
    fields = {"alg": "RS256", "typ": "JWT", "kid": "one", **header}
    fields = {name: value for name, value in fields.items() if value is not None}
    signed = f"{encoded(json.dumps(fields).encode())}.{issuer.token().split('.')[1]}"
    signature = jwt.get_algorithm_by_name("RS256").sign(signed.encode(), KEYS["one"])
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.verify(f"{signed}.{encoded(signature)}")


async def test_an_access_token_by_rfc_9068_is_taken(issuer: Issuer, verifier: TokenVerifier) -> None:
    assert await verifier.verify(issuer.token(header={"typ": "at+jwt"}))


async def test_an_oversized_token_is_refused(issuer: Issuer, verifier: TokenVerifier) -> None:
    with pytest.raises(jwt.InvalidTokenError, match="characters"):
        await verifier.verify(issuer.token(groups=["x" * MAX_TOKEN_LENGTH]))


async def test_a_user_with_700_dealers_as_groups_is_taken_and_2000_are_refused_with_the_remedy(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    several = [f"/dealers/usmf-us-{number:03}" for number in range(2000)]
    assert len((await verifier.verify(issuer.token(dealers=several[:700]))).dealers) == 700
    with pytest.raises(TokenTooLong, match="fewer dealers"):
        await verifier.verify(issuer.token(dealers=several))


async def test_keys_of_every_kind_are_used_and_strange_ones_do_no_harm(issuer: Issuer, verifier: TokenVerifier) -> None:
    issuer.published, issuer.strange = ["one", "curve", "edwards"], STRANGE
    for key in issuer.published:
        assert await verifier.verify(issuer.token(key))
    for entry in STRANGE[:-2]:
        with pytest.raises(jwt.InvalidTokenError):
            await verifier.verify(issuer.token(header={"kid": entry["kid"]}))


async def test_one_keys_name_does_not_make_another_kind_of_signature_good(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    issuer.published = ["one", "curve"]
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.verify(issuer.token("curve", header={"kid": "one"}))


@pytest.mark.parametrize("turned", [False, True])
async def test_keys_may_share_a_name_if_their_algorithms_differ(
    issuer: Issuer, verifier: TokenVerifier, turned: bool
) -> None:
    shared = [
        {**public_key("one"), "kid": "same", "alg": "RS256"},
        {**public_key("two"), "kid": "same", "alg": "RS512"},
        {**public_key("curve"), "kid": "same"},
        {**public_key("edwards"), "kid": "same"},
    ]
    issuer.published, issuer.strange = [], shared[::-1] if turned else shared
    for key in ("one", "curve", "edwards"):
        assert await verifier.verify(issuer.token(key, header={"kid": "same"}))
    assert await verifier.verify(issuer.token("two", header={"kid": "same"}, algorithm="RS512"))
    for key, algorithm in (("two", "RS256"), ("one", "RS512"), ("one", "PS256"), ("one", "RS384")):
        with pytest.raises(jwt.InvalidTokenError):
            await verifier.verify(issuer.token(key, header={"kid": "same"}, algorithm=algorithm))


@pytest.mark.parametrize("turned", [False, True])
async def test_of_two_keys_of_one_name_the_one_that_names_the_algorithm_counts(turned: bool) -> None:
    general, special = public_key("one"), {**public_key("two"), "kid": "one", "alg": "RS512"}
    found = usable_keys([special, general] if turned else [general, special])
    assert found["one", "RS512"].public == KEYS["two"].public_key()
    assert found["one", "RS256"].public == KEYS["one"].public_key()


@pytest.mark.parametrize("published", ["EdDSA", "Ed25519", None])
@pytest.mark.parametrize("signed", ["EdDSA", "Ed25519"])
async def test_both_names_of_ed25519_are_the_same_algorithm(
    issuer: Issuer, verifier: TokenVerifier, published: str | None, signed: str
) -> None:
    named = {"alg": published} if published else {}
    issuer.published, issuer.strange = [], [{**public_key("edwards"), **named}]
    assert await verifier.verify(issuer.token("edwards", algorithm=signed))


async def test_a_new_key_is_good_soon_and_an_old_one_until_the_next_fetch(
    issuer: Issuer, verifier: TokenVerifier, clock: HandClock
) -> None:
    await verifier.verify(issuer.token("one"))
    issuer.published = ["one", "two"]
    clock.seconds += 11
    await verifier.verify(issuer.token("two"))
    await verifier.verify(issuer.token("one"))
    issuer.published = ["two"]
    clock.seconds += 11
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.verify(issuer.token("one", header={"kid": "unheard of"}))
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.verify(issuer.token("one"))


async def test_made_up_key_names_do_not_hammer_the_provider(
    issuer: Issuer, verifier: TokenVerifier, clock: HandClock
) -> None:
    await verifier.verify(issuer.token())
    clock.seconds += 11

    async def refused(number: int) -> None:
        with pytest.raises(jwt.InvalidTokenError):
            await verifier.verify(issuer.token("two", header={"kid": f"made-up-{number}"}))

    await asyncio.gather(*(refused(number) for number in range(200)))
    assert issuer.fetches == 2


async def test_a_provider_that_is_away_later_does_no_harm_to_those_whose_key_is_known(
    issuer: Issuer, verifier: TokenVerifier, clock: HandClock
) -> None:
    await verifier.verify(issuer.token("one"))
    issuer.away = True
    clock.seconds += 11
    for _ in range(20):
        with pytest.raises(ProviderUnreachable):
            await verifier.verify(issuer.token("two"))
    assert issuer.fetches == 2
    assert REGISTRY.get_sample_value("casebridge_oidc_reachable") == 0
    await verifier.verify(issuer.token("one"))
    issuer.away, issuer.published = False, ["two"]
    clock.seconds += 11
    await verifier.verify(issuer.token("two"))
    assert REGISTRY.get_sample_value("casebridge_oidc_reachable") == 1


async def test_keys_that_nobody_could_use_do_not_replace_those_that_are_known(
    issuer: Issuer, verifier: TokenVerifier, clock: HandClock
) -> None:
    await verifier.verify(issuer.token())
    issuer.published = []
    clock.seconds += 11
    with pytest.raises(ProviderUnreachable):
        await verifier.verify(issuer.token("two"))
    await verifier.verify(issuer.token())


async def test_a_provider_that_is_away_at_the_start_is_asked_again_without_a_caller(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    issuer.away = True
    stopping = asyncio.Event()
    keeping = asyncio.create_task(verifier.keep_keys(stopping))

    async def asked() -> bool:
        return issuer.fetches == 1

    await eventually(asked)
    with pytest.raises(ProviderUnreachable):
        await verifier.verify(issuer.token())
    issuer.away = False

    async def good() -> bool:
        try:
            return bool(await verifier.verify(issuer.token()))
        except ProviderUnreachable:
            return False

    await eventually(good)
    stopping.set()
    await keeping


async def test_a_provider_of_another_name_is_not_believed(issuer: Issuer, clock: HandClock) -> None:
    async with aiohttp.ClientSession() as session:
        settings = OidcSettings(
            oidc_issuer="http://elsewhere", oidc_discovery_url=f"{issuer.url}/.well-known/openid-configuration"
        )
        with pytest.raises(ProviderUnreachable):
            await TokenVerifier(settings, session, clock).verify(issuer.token(iss="http://elsewhere"))


async def test_an_issuer_that_ends_in_a_slash_is_found_where_compose_looks_for_it(
    issuer: Issuer, clock: HandClock
) -> None:
    issuer.name = f"{issuer.url}/"
    compose = f"{issuer.name}/.well-known/openid-configuration"
    async with aiohttp.ClientSession() as session:
        settings = OidcSettings(oidc_issuer=issuer.name, oidc_discovery_url=compose)
        assert await TokenVerifier(settings, session, clock).verify(issuer.token(iss=issuer.name))


async def test_a_token_without_signature_is_refused(issuer: Issuer, verifier: TokenVerifier) -> None:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    with pytest.raises(jwt.InvalidTokenError):
        await verifier.verify(jwt.encode(claims, "", algorithm="none", headers={"kid": "one"}))


async def test_the_public_key_is_no_hmac_secret(issuer: Issuer, verifier: TokenVerifier) -> None:
    # By hand, because a careful library refuses to forge it.
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


async def test_an_issuer_that_is_away_is_no_bad_token(clock: HandClock) -> None:
    async with aiohttp.ClientSession() as session:
        verifier = TokenVerifier(OidcSettings(oidc_issuer="http://127.0.0.1:9"), session, clock)
        with pytest.raises(ProviderUnreachable):
            await verifier.verify(Issuer("http://127.0.0.1:9").token())


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda key: {**key, "key_ops": ["encrypt"]}, id="for encryption"),
        pytest.param(lambda key: {**key, "key_ops": 7}, id="nonsense"),
        pytest.param(lambda key: {**key, "use": "enc"}, id="use enc"),
        pytest.param(lambda key: {**key, "n": key["n"][: len(key["n"]) // 2]}, id="1024 bits"),
    ],
)
def test_a_key_that_must_not_sign_is_no_key(change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    good = {**jwt.algorithms.RSAAlgorithm.to_jwk(made, as_dict=True), "kid": "good", "key_ops": ["verify"]}
    assert {kid for kid, _ in usable_keys([good, {**change(good), "kid": "bad"}])} == {"good"}


async def test_a_withdrawn_key_ends_within_five_minutes(
    issuer: Issuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert provider_keys._AGE_SECONDS <= 270
    monkeypatch.setattr(provider_keys, "_AGE_SECONDS", 0.05)
    issuer.published = ["one", "two"]
    stopping = asyncio.Event()
    keeping = asyncio.create_task(verifier.keep_keys(stopping))
    token = issuer.token("one")
    await verifier.verify(token)
    issuer.published = ["two"]

    async def is_refused() -> bool:
        try:
            await verifier.verify(token)
        except jwt.InvalidTokenError:
            return True
        return False

    await eventually(is_refused, within_seconds=5)
    stopping.set()
    await keeping


async def test_the_development_provider_is_refused_where_others_could_reach_it(
    issuer: Issuer, clock: HandClock
) -> None:
    issuer.development = True
    async with aiohttp.ClientSession() as session:
        for name, trusted in (("https://portal.example/oidc", False), (issuer.url, True)):
            issuer.name = name
            where = f"{issuer.url}/.well-known/openid-configuration"
            settings = OidcSettings(oidc_issuer=name, oidc_discovery_url=where)
            verifier = TokenVerifier(settings, session, clock)
            if trusted:
                await verifier.verify(issuer.token(iss=name))
            else:
                with pytest.raises(ProviderUnreachable):
                    await verifier.verify(issuer.token(iss=name))

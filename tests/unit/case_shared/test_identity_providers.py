"""The settings of docs/identity-providers.md identify the callers from the tokens there."""

import json
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography.hazmat.primitives.asymmetric import rsa

from case_shared.process.clock import SystemClock
from case_shared.process.settings import OidcSettings, load_settings
from case_shared.web.auth import Principal, TokenVerifier
from case_shared.web.provider_keys import ProviderUnreachable
from case_shared.web.rights import Rights, find_claim, rights_of
from case_shared.words.scopes import Scope

DOCUMENT = (Path(__file__).parents[3] / "docs/identity-providers.md").read_text(encoding="utf-8")
DEALER = {Scope.CASES_READ, Scope.CASES_WRITE, Scope.CASES_SUBMIT}
OPERATOR = {Scope.DOCUMENTS_READ, Scope.DOCUMENTS_WRITE, Scope.AUDIT_READ}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def blocks(provider: str, language: str) -> list[str]:
    """The code in `language` of the provider's section."""
    section = DOCUMENT.partition(f"\n## {provider}\n")[2].partition("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


@dataclass
class Provider:
    """Serves the discovery document of any `issuer`, and its key, as Entra ID does: without `alg`."""

    url: str = ""
    issuer: str = ""
    moved: str = ""  # where the keys are now

    async def discovery(self, _request: web.Request) -> web.Response:
        return web.json_response({"issuer": self.issuer, "jwks_uri": f"{self.url}/{'moved' if self.moved else 'keys'}"})

    async def redirect(self, _request: web.Request) -> web.Response:
        raise web.HTTPFound(f"{self.moved}/keys")

    async def keys(self, _request: web.Request) -> web.Response:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
        return web.json_response({"keys": [{**key, "kid": "k", "use": "sig"}]})


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[Provider]:
    serving, app = Provider(), web.Application()
    app.add_routes(
        [web.get("/discovery", serving.discovery), web.get("/keys", serving.keys), web.get("/moved", serving.redirect)]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    serving.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield serving
    await runner.cleanup()


async def principals(name: str, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> list[Principal]:
    """The principals of the section's tokens, read with the section's settings."""
    (settings_block,) = blocks(name, "properties")
    for line in settings_block.splitlines():
        monkeypatch.setenv(*line.split("=", 1))
    monkeypatch.setenv("OIDC_DISCOVERY_URL", f"{provider.url}/discovery")
    settings = load_settings(OidcSettings)
    provider.issuer = settings.oidc_issuer
    async with aiohttp.ClientSession() as session:
        verifier = TokenVerifier(settings, session, SystemClock())
        return [await verifier.verify(token(json.loads(block))) for block in blocks(name, "json")]


def token(claims: dict[str, Any]) -> str:
    now = datetime.now(UTC)
    times = {"iat": now, "nbf": now, "exp": now + timedelta(hours=1)}
    return jwt.encode({**claims, **times}, KEY, "RS256", headers={"kid": "k"})


class _Here(AbstractResolver):
    """Finds every host on this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        flags = socket.AI_NUMERICHOST
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": family, "proto": 0, "flags": flags}]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(("hop", "trusted"), [("127.0.0.1", True), ("keys.example.com", False)])
async def test_keys_come_over_no_unprotected_redirect(provider: Provider, hop: str, trusted: bool) -> None:
    provider.issuer = provider.url
    provider.moved = provider.url.replace("127.0.0.1", hop)
    settings = OidcSettings(oidc_issuer=provider.url, oidc_discovery_url=f"{provider.url}/discovery")
    claims = {"iss": provider.url, "sub": "s-1", "aud": settings.oidc_audience}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=_Here())) as session:
        verifier = TokenVerifier(settings, session, SystemClock())
        if trusted:
            assert (await verifier.verify(token(claims))).subject == "s-1"
        else:
            with pytest.raises(ProviderUnreachable):
                await verifier.verify(token(claims))


async def test_keycloak(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    dana, program = await principals("Keycloak", provider, monkeypatch)
    assert (dana.username, dana.dealers) == ("dana", frozenset({"usmf-us-001", "usmf-us-002"}))
    assert (program.username, program.dealers) == ("service-account-night-job", frozenset())
    assert dana.scopes >= DEALER
    assert not dana.scopes & OPERATOR
    assert program.scopes >= OPERATOR
    assert not program.scopes & DEALER


async def test_entra_id(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    dana, program = await principals("Microsoft Entra ID", provider, monkeypatch)
    assert (dana.username, dana.dealers) == ("dana@contoso.example", frozenset({"usmf-us-001"}))
    assert (program.username, program.dealers) == ("5b0f3c7a-93c5-4e43-8c80-6e1d9c2ab005", frozenset())
    assert dana.scopes >= DEALER
    assert not dana.scopes & OPERATOR
    assert program.scopes >= OPERATOR
    assert not program.scopes & DEALER


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a", 1),
        ("b.c", 2),
        ("b.d.e", 3),
        ("f.g.h", 4),
        ("https://portal.example/dealers", 5),
        ("a.b", None),
        ("b.x", None),
        ("x", None),
    ],
)
def test_a_claim_is_found_by_name_or_path(name: str, found: int | None) -> None:
    claims = {"a": 1, "b": {"c": 2, "d.e": 3}, "f.g": {"h": 4}, "https://portal.example/dealers": 5}
    assert find_claim(claims, name) == found


GROUPS: dict[str, Any] = {"oidc_issuer": "https://keycloak.example", "oidc_dealers_claim": "groups"}


@pytest.mark.parametrize(
    ("groups", "prefix", "dealers"),
    [
        (["/dealers/usmf-us-001", "/dealers/usmf-us-002", "/staff"], "/dealers/", {"usmf-us-001", "usmf-us-002"}),
        (["/dealers/usmf-us-001/administrators", "/dealers/", "usmf-us-003", "/Dealers/x"], "/dealers/", set()),
        ("dealer-usmf-us-001 staff", "dealer-", {"usmf-us-001"}),
        (["usmf-us-001", "/staff"], "", {"usmf-us-001", "/staff"}),
        (["/dealers/a", 1, None], "/dealers/", {"a"}),
    ],
)
def test_dealers_are_groups_behind_a_prefix(groups: object, prefix: str, dealers: set[str]) -> None:
    settings = OidcSettings(**GROUPS, oidc_dealers_prefix=prefix)
    assert rights_of({"groups": groups}, settings).dealers == dealers


@pytest.mark.parametrize(
    ("claims", "claim", "left_out"),
    [
        ({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "x"}}}, "groups", "groups"),
        ({"hasgroups": True}, "groups", "groups"),
        ({"hasgroups": "true"}, "groups", "groups"),
        ({"hasgroups": True}, "dealers", None),
        ({"_claim_names": {"groups": "src1"}}, "dealers", None),
        ({"_claim_names": {"groups": "src1"}, "groups": ["a"]}, "groups", None),
        ({"_claim_names": "groups"}, "groups", None),
        ({}, "groups", None),
    ],
)
def test_a_claim_that_the_provider_left_out_is_named(claims: dict[str, Any], claim: str, left_out: str | None) -> None:
    settings = OidcSettings(**{**GROUPS, "oidc_dealers_claim": claim})
    assert rights_of(claims, settings).left_out == left_out
    assert rights_of({}, settings) == Rights()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"OIDC_SCOPE_MAP": "{"}, "OIDC_SCOPE_MAP: "),
        ({"OIDC_SCOPE_MAP": "[]"}, "OIDC_SCOPE_MAP: "),
        ({"OIDC_SCOPE_MAP": '{"Dealer": "cases:raed"}'}, "cases:raed is not a scope"),
        ({"OIDC_SCOPE_MAP": '{"Dealer": ""}'}, "OIDC_SCOPE_MAP: Dealer: "),
        ({"OIDC_SCOPE_CLAIM": "scp,,roles"}, "OIDC_SCOPE_CLAIM: "),
        ({"OIDC_AUDIENCE": " , "}, "OIDC_AUDIENCE: "),
        ({"OIDC_ISSUER": "keycloak.example"}, "OIDC_ISSUER: "),
    ],
)
def test_what_is_set_wrongly_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: dict[str, str], said: str
) -> None:
    monkeypatch.setenv("OIDC_ISSUER", "https://keycloak.example")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        load_settings(OidcSettings)
    assert said in capsys.readouterr().err

"""Signing in with azure-identity at the tests' own authority, over TLS; D365 gets only the token."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest
import pytest_asyncio
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from case_shared.d365.errors import D365Error, D365Unauthorized, D365Unavailable
from case_shared.d365.mapping import Mapping
from case_shared.d365.session import open_client
from case_shared.d365.settings import D365Settings
from case_shared.d365.sign_in_errors import (
    D365ApplicationUnknown,
    D365CertificateRefused,
    D365ClockOff,
    D365EnvironmentUnknown,
    D365FederationRefused,
    D365IdentityMissing,
    D365SecretExpired,
    D365SecretWrong,
    D365TenantUnknown,
)
from case_shared.process.clock import SystemClock
from tests.support.patience import PATIENCE
from tests.support.tls import client_certificate, server_certificate
from tests.unit.case_shared.d365.scripted import answer, scripted

SECRET = "c2f1a90b7e64d853c2f1a90b"
GIVEN = {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599}


@dataclass
class Entra:
    """Both ends on one server: `/data` is D365, the rest is the authority; it sends `refusals` before tokens."""

    url: str = ""
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)
    refusals: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    accepted: set[str] | None = None

    async def serve(self, request: web.Request) -> web.Response:
        seen = (request.method, request.path, dict(request.headers), await request.text())
        self.requests.append(seen)
        if request.path.startswith("/data"):
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            return web.json_response({"value": []}, status=200 if token in (self.accepted or {token}) else 401)
        if self.refusals:
            status, said = self.refusals.pop(0)
            return web.json_response(said, status=status)
        return web.json_response({**GIVEN, "access_token": f"token-{len(self.asked)}", "resource": "x"})

    @property
    def asked(self) -> list[tuple[str, str, dict[str, str], str]]:
        """The requests to the authority."""
        return [one for one in self.requests if not one[1].startswith("/data")]

    @property
    def form(self) -> dict[str, str]:
        """The form of the last request for a token."""
        return dict(parse_qsl(self.asked[-1][3], strict_parsing=True))


@asynccontextmanager
async def serving(context: Any) -> AsyncIterator[Entra]:
    entra = Entra()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", entra.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    entra.url = f"{'https' if context else 'http'}://127.0.0.1:{port}"
    try:
        yield entra
    finally:
        await runner.cleanup()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def trusted(folder: Path) -> Iterator[Any]:
    """The server's TLS context; clients trust it through SSL_CERT_FILE, as in production."""
    context, file = server_certificate(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield context


@pytest_asyncio.fixture
async def entra(trusted: Any) -> AsyncIterator[Entra]:
    async with serving(trusted) as entra:
        yield entra


async def signed_in(entra: Entra, **given: Any) -> None:
    """Read D365 with a client of these settings."""
    known = {
        "d365_url": entra.url.replace("127.0.0.1", "localhost"),
        "d365_client_id": "app",
        "d365_token_url": f"{entra.url}/contoso.com/oauth2/v2.0/token",
    }
    settings = D365Settings(**{**known, **given})
    async with open_client(settings, Mapping(), SystemClock(), limit=2) as client:
        await client.probe(timeout=10 * PATIENCE)


def proves_with(entra: Entra, name: str) -> str:
    """The form's proof of our identity; checks that the rest of the request to the tenant's token endpoint is right."""
    method, path, _, _ = entra.asked[-1]
    assert (method, path) == ("POST", "/contoso.com/oauth2/v2.0/token")
    form = entra.form
    assert form["client_id"] == "app"
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == f"{entra.url.replace('127.0.0.1', 'localhost')}/.default"
    return form[name]


async def test_a_secret_goes_to_the_authority_alone(entra: Entra) -> None:
    await signed_in(entra, d365_client_secret=SECRET)

    assert proves_with(entra, "client_secret") == SECRET
    assert len(entra.asked) == 1, "no discovery"
    (read,) = [one for one in entra.requests if one[1].startswith("/data")]
    assert read[2]["Authorization"] == "Bearer token-1"
    assert SECRET not in json.dumps(read)


async def test_a_certificate_signs_for_us(entra: Entra, folder: Path) -> None:
    file = client_certificate(folder)
    await signed_in(entra, d365_client_certificate=file)

    key = load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    assertion, audience = proves_with(entra, "client_assertion"), f"{entra.url}/contoso.com/oauth2/v2.0/token"
    claims = jwt.decode(assertion, key.public_key(), algorithms=["PS256"], audience=audience)
    assert claims["iss"] == claims["sub"] == "app"


async def test_a_federated_token_is_read_again_for_each_renewal(entra: Entra, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("of the cluster")
    entra.accepted = {"token-2"}

    await signed_in(entra, d365_federated_token_file=file)

    assert proves_with(entra, "client_assertion") == "of the cluster"
    assert len(entra.asked) == 2, "a token that D365 refuses is not taken from a cache"


@pytest.mark.parametrize(
    ("variables", "header", "client_id"),
    [
        ({"IDENTITY_ENDPOINT": "/msi/token", "IDENTITY_HEADER": ""}, "X-IDENTITY-HEADER", None),
        ({"IDENTITY_ENDPOINT": "/msi/token", "IDENTITY_HEADER": ""}, "X-IDENTITY-HEADER", "mine"),
        ({"AZURE_POD_IDENTITY_AUTHORITY_HOST": ""}, "Metadata", "mine"),
    ],
    ids=["App Service", "App Service, user-assigned", "a virtual machine"],
)
async def test_a_managed_identity_asks_azure(
    monkeypatch: pytest.MonkeyPatch, trusted: Any, variables: dict[str, str], header: str, client_id: str | None
) -> None:
    async with serving(trusted) as d365, serving(None) as azure:
        for name, path in variables.items():
            monkeypatch.setenv(name, f"{azure.url}{path}")
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        given = {"d365_token_url": None, "d365_client_id": client_id, "d365_managed_identity": True}
        azure.refusals = [(400, {"statusCode": 400, "message": "No User Assigned Managed Identity found"})]
        with pytest.raises(D365IdentityMissing, match="assign a managed identity"):
            await signed_in(d365, **given)
        await signed_in(d365, **given)

        assert header in azure.requests[-1][2]
        assert d365.requests[-1][2]["Authorization"] == "Bearer token-2"


@pytest.mark.parametrize(
    ("code", "error", "named", "says"),
    [
        (7000215, "invalid_client", D365SecretWrong, "D365_CLIENT_SECRET"),
        (7000222, "invalid_client", D365SecretExpired, "expired"),
        (700016, "unauthorized_client", D365ApplicationUnknown, "D365_CLIENT_ID"),
        (90002, "invalid_request", D365TenantUnknown, "D365_CLOUD"),
        (
            500011,
            "invalid_resource",
            D365EnvironmentUnknown,
            "the tenant has no D365 environment with the address in D365_URL",
        ),
        (700027, "invalid_client", D365CertificateRefused, "D365_CLIENT_CERTIFICATE"),
        (700213, "invalid_client", D365FederationRefused, "federated credential"),
        (700024, "invalid_client", D365ClockOff, "clock"),
        (53003, "access_denied", D365Unauthorized, "AADSTS53003"),
    ],
)
async def test_each_of_entra_s_codes_has_a_name_and_a_remedy(
    entra: Entra, code: int, error: str, named: type[D365Error], says: str
) -> None:
    description = f"AADSTS{code}: what it says. Trace ID: 1\r\nCorrelation ID: 2"
    entra.refusals = [(401, {"error": error, "error_description": description, "error_codes": [code]})]
    with pytest.raises(D365Unauthorized, match=says) as refused:
        await signed_in(entra, d365_client_secret=SECRET)
    assert type(refused.value) is named or code == 53003
    assert str(code) in refused.value.why
    assert getattr(refused.value, "code", None) == code
    assert "Correlation" not in refused.value.why
    assert SECRET not in refused.value.why


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (503, {"error": "temporarily_unavailable", "error_description": "AADSTS90033: busy", "error_codes": [90033]}),
        (500, {"error": "invalid_client", "error_codes": [7000215]}),
        (429, {"error": "too_many_requests"}),
        (200, {"token_type": "Bearer"}),
        (200, {"access_token": "x", "expires_in": "soon"}),
    ],
)
async def test_anything_else_passes_by_itself(entra: Entra, status: int, said: dict[str, Any]) -> None:
    entra.refusals = [(status, said)]
    with pytest.raises(D365Unavailable):
        await signed_in(entra, d365_client_secret=SECRET)
    assert len(entra.asked) == 1, "our own back-off decides when to ask again"


async def test_a_federated_token_that_is_gone_is_named(entra: Entra, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("x")
    known = D365Settings(
        d365_url=entra.url.replace("127.0.0.1", "localhost"),
        d365_client_id="app",
        d365_token_url=f"{entra.url}/contoso.com/oauth2/v2.0/token",
        d365_federated_token_file=file,
    )
    file.unlink()
    async with open_client(known, Mapping(), SystemClock(), limit=2) as client:
        with pytest.raises(D365FederationRefused, match="D365_FEDERATED_TOKEN_FILE"):
            await client.probe(timeout=10 * PATIENCE)


async def test_an_authority_that_nobody_vouches_for_gets_no_secret(
    entra: Entra, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(D365Unavailable, match=r"(?i)certificate"):
        await signed_in(entra, d365_client_secret=SECRET)
    assert not entra.requests


async def test_passwords_of_the_home_folder_take_no_token_s_place(
    monkeypatch: pytest.MonkeyPatch, entra: Entra, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    await signed_in(entra, d365_client_secret=SECRET)
    assert entra.requests[-1][2]["Authorization"] == "Bearer token-1"


async def test_what_is_not_on_this_machine_goes_through_the_proxy(
    monkeypatch: pytest.MonkeyPatch, entra: Entra
) -> None:
    for name in ("https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with scripted(answer(403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("://", "://svc:S3cret%40Pass@"))
        url = "https://login.nowhere.invalid"
        for token_url in (f"{url}/contoso.com/oauth2/v2.0/token", f"{url}/plain"):
            with pytest.raises(D365Unavailable) as refused:
                await signed_in(entra, d365_client_secret=SECRET, d365_token_url=token_url)
            assert "S3cret" not in str(refused.value), "it is logged, stored and shown"
        with pytest.raises(D365Unavailable) as refused:
            await signed_in(entra, d365_client_secret=SECRET, d365_url="https://d365.nowhere.invalid")
        assert "S3cret" not in str(refused.value)
        assert "127.0.0.1" in str(refused.value)
        through = [(one.method, one.path) for one in proxy.requests]
        assert through == [("CONNECT", f"{name}.nowhere.invalid:443") for name in ("login", "login", "d365")]
        monkeypatch.setenv("NO_PROXY", ".invalid")
        with pytest.raises(D365Unavailable):
            await signed_in(entra, d365_client_secret=SECRET, d365_token_url=f"{url}/plain")
        await signed_in(entra, d365_client_secret=SECRET)
        assert len(proxy.requests) == 3, "this machine needs no proxy"

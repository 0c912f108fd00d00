"""Signing in as with Entra: both endpoints, discovery, verified assertions, and refusals."""

import json
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import aiohttp
import jwt
import pytest
import pytest_asyncio
from azure.identity.aio import CertificateCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode

from tests.integration.d365_sandbox.conftest import OData, ask_token
from tests.support.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, started
from tests.support.tls import client_certificate, server_certificate

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TENANT = "contoso.example"
ISSUER = "https://issuer.example"


class World(NamedTuple):
    """A sandbox over TLS, and the keys that it trusts."""

    sandbox: Sandbox
    tls: ssl.SSLContext
    key: rsa.RSAPrivateKey
    thumbprint: str
    certificate: Path
    trusted: Path

    async def post(self, path: str, form: dict[str, str], **options: Any) -> tuple[int, dict[str, Any]]:
        url = f"{self.sandbox.url}{path}"
        async with self.sandbox.session.post(url, data=form, ssl=self.tls, **options) as answer:
            return answer.status, await answer.json(content_type=None)

    def assertion(self, *, header: dict[str, str] | None = None, key: Any = None, **changes: Any) -> str:
        claims = {
            "iss": CLIENT_ID,
            "sub": CLIENT_ID,
            "aud": f"{self.sandbox.url}/{TENANT}/oauth2/v2.0/token",
            "exp": time.time() + 300,
            "jti": str(uuid4()),
        }
        kept = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode(kept, key or self.key, "RS256", headers=header or {"x5t#S256": self.thumbprint})

    async def sign_in(self, assertion: str) -> tuple[int, dict[str, Any]]:
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_assertion_type": JWT_BEARER,
            "client_assertion": assertion,
            "scope": f"{self.sandbox.url}/.default",
        }
        return await self.post(f"/{TENANT}/oauth2/v2.0/token", form)


@pytest_asyncio.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("entra")
    _, trusted = server_certificate(folder)
    own = client_certificate(folder)
    key = serialization.load_pem_private_key(own.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    jwk = json.loads(RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "one"}
    (folder / "keys.json").write_text(json.dumps({"keys": [jwk]}))
    settings = {
        "tls_certificate": str(folder / "server.pem"),
        "client_certificate": str(own),
        "federated_issuer": ISSUER,
        "federated_subject": "system:serviceaccount:casebridge:d365-sync",
        "federated_keys": str(folder / "keys.json"),
        "tenant_id": TENANT,
    }
    tls = ssl.create_default_context(cafile=trusted)
    thumbprint = x509.load_pem_x509_certificate(own.read_bytes()).fingerprint(hashes.SHA256())
    async with started(folder, **settings) as sandbox:
        yield World(sandbox, tls, key, base64url_encode(thumbprint).decode(), own, trusted)


async def test_discovery_leads_to_the_endpoints_of_both_versions(world: World) -> None:
    for version in ("", "/v2.0"):
        url = f"{world.sandbox.url}/{TENANT}{version}/.well-known/openid-configuration"
        async with world.sandbox.session.get(url, ssl=world.tls) as answer:
            document = await answer.json()
        assert document["token_endpoint"] == f"{world.sandbox.url}/{TENANT}/oauth2{version}/token"
        assert {"client_secret_post", "private_key_jwt"} <= set(document["token_endpoint_auth_methods_supported"])


async def test_an_assertion_that_the_certificate_signed_is_taken(world: World) -> None:
    status, body = await world.sign_in(world.assertion())
    assert (status, body["token_type"]) == (200, "Bearer")
    url, headers = f"{world.sandbox.url}/data", {"Authorization": f"Bearer {body['access_token']}"}
    async with world.sandbox.session.get(url, headers=headers, ssl=world.tls) as answer:
        assert answer.status == 200


async def test_an_assertion_that_does_not_prove_the_application_is_refused(world: World) -> None:
    another = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for assertion, code in (
        ("nonsense", 50027),
        (world.assertion(key=another), 700027),
        (world.assertion(header={"x5t": "unknown"}), 700027),
        (world.assertion(exp=time.time() - 600), 700024),
        (world.assertion(aud="https://elsewhere.example"), 700023),
        (world.assertion(iss="another", sub="another"), 700021),
        (world.assertion(jti=None), 50027),
    ):
        status, body = await world.sign_in(assertion)
        assert (status, body["error"], body["error_codes"]) == (401, "invalid_client", [code])


async def test_a_federated_token_stands_for_the_application(world: World) -> None:
    federated = {
        "iss": ISSUER,
        "sub": "system:serviceaccount:casebridge:d365-sync",
        "aud": "api://AzureADTokenExchange",
    }
    good = world.assertion(header={"kid": "one"}, **federated)
    other = world.assertion(header={"kid": "one"}, **federated | {"sub": "system:serviceaccount:other:other"})
    unsigned = world.assertion(header={"kid": "two"}, **federated)
    answers = [await world.sign_in(one) for one in (good, other, unsigned)]
    assert [body.get("error_codes", [status])[0] for status, body in answers] == [200, 700213, 700027]


async def test_another_tenant_is_not_found(world: World) -> None:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    status, body = await world.post("/another/oauth2/v2.0/token", form)
    assert (status, body["error_codes"]) == (400, [90002])


async def test_the_v1_endpoint_takes_a_resource_and_writes_numbers_as_text(d365: Sandbox) -> None:
    form = {"resource": d365.url, "scope": ""}
    status, body = await ask_token(d365, "/contoso/oauth2/token", **form)
    assert (status, body["expires_in"], body["resource"]) == (200, "3600", d365.url)
    assert int(body["expires_on"]) > time.time()
    assert (await OData(d365.url, d365.session, body["access_token"]).call("GET", "")).status == 200
    status, body = await ask_token(d365, "/contoso/oauth2/token", resource="")
    assert (status, body["error_codes"]) == (400, [900144])


async def test_the_secret_may_come_in_a_basic_header(d365: Sandbox) -> None:
    form = {"grant_type": "client_credentials", "scope": f"{d365.url}/.default"}
    for secret, status in ((CLIENT_SECRET, 200), ("wrong%2B", 401)):
        headers = {"Authorization": aiohttp.encode_basic_auth(CLIENT_ID, secret)}
        async with d365.session.post(f"{d365.url}/oauth2/v2.0/token", data=form, headers=headers) as answer:
            assert answer.status == status


@pytest.mark.parametrize("code", [7000215, 7000222, 700016, 90002, 500011])
async def test_entra_refuses_on_request(d365: Sandbox, code: int) -> None:
    await d365.set_up(token_error=code)
    status, body = await ask_token(d365)
    assert status in (400, 401)
    assert body["error_codes"] == [code]
    assert body["error_description"].startswith(f"AADSTS{code}: ")


async def test_the_tenant_knows_the_environment_under_one_name(d365: Sandbox) -> None:
    await d365.set_up(environment_url="https://contoso.operations.dynamics.com")
    answers = [
        await ask_token(d365, scope=f"{name}/.default")
        for name in ("https://contoso.operations.dynamics.com", d365.url)
    ]
    assert [(status, body.get("error_codes")) for status, body in answers] == [(200, None), (400, [500011])]


async def test_azure_identity_signs_in_by_certificate(world: World) -> None:
    credential = CertificateCredential(
        TENANT,
        CLIENT_ID,
        str(world.certificate),
        authority=world.sandbox.url,
        disable_instance_discovery=True,
        connection_verify=str(world.trusted),
    )
    async with credential:
        token = await credential.get_token(f"{world.sandbox.url}/.default")
    assert token.expires_on > time.time()

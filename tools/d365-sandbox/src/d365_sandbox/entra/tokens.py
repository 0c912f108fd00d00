"""Entra's token endpoints (client credentials, v1 and v2) and D365's check of the tokens that they issued."""

import base64
import binascii
import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote_plus

from pydantic import SecretStr

from d365_sandbox import entra_errors as errors
from d365_sandbox.entra import discovery
from d365_sandbox.entra.assertions import JWT_BEARER, Credentials
from d365_sandbox.entra_errors import EntraError
from d365_sandbox.environment import Environment
from d365_sandbox.odata_errors import Answer
from d365_sandbox.store import Store

Version = Literal["v1", "v2"]


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A client's request: its form, including what a Basic header says; `tenant` is empty if the path has none."""

    form: Mapping[str, str]
    version: Version
    tenant: str
    origin: str

    @property
    def resource(self) -> str:
        """The requested audience; empty if there is none."""
        if self.version == "v1":
            return self.form.get("resource", "")
        scope = self.form.get("scope", "")
        return scope.removesuffix("/.default") if scope.endswith("/.default") and len(scope.split()) == 1 else ""


@dataclass(slots=True)
class Tokens:
    """Opaque access tokens; stored as digests in the data file, so that they survive a restart like Entra's."""

    store: Store
    environment: Environment
    client_id: str
    client_secret: SecretStr
    credentials: Credentials
    lifetime_seconds: int
    _known: dict[str, tuple[str, float]] = field(default_factory=dict)

    def load(self) -> None:
        """Reads the tokens that are still valid."""
        rows = self.store.read("SELECT digest, audience, expires_at FROM tokens WHERE expires_at > ?", (time.time(),))
        self._known = {row["digest"]: (row["audience"], row["expires_at"]) for row in rows}

    async def issue(self, request: TokenRequest) -> Answer:
        """The answer of a token endpoint."""
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal.answer()
        token = secrets.token_urlsafe(48)
        row = (_digest(token), request.resource, time.time() + self.lifetime_seconds)
        await self.store.submit(lambda connection: _insert(connection, row))
        self._known[row[0]] = (row[1], row[2])
        return Answer(200, {"token_type": "Bearer", **self._times(request), "access_token": token})

    def _times(self, request: TokenRequest) -> dict[str, str | int]:
        """The lifetime fields; v1 writes numbers as text, and has more fields."""
        lifetime = self.lifetime_seconds
        if request.version == "v2":
            return {"expires_in": lifetime, "ext_expires_in": lifetime}
        now = int(time.time())
        times = {"expires_in": lifetime, "ext_expires_in": lifetime, "expires_on": now + lifetime, "not_before": now}
        return {"resource": request.resource, **{name: str(value) for name, value in times.items()}}

    def _refusal(self, request: TokenRequest) -> EntraError | None:
        setup, form = self.environment.setup, request.form
        if setup.token_error is not None:
            return errors.BY_CODE[setup.token_error]
        if setup.tenant_id and request.tenant and request.tenant.lower() != setup.tenant_id.lower():
            return errors.UNKNOWN_TENANT
        if form.get("grant_type") != "client_credentials":
            return errors.WRONG_GRANT
        if form.get("client_id") != self.client_id:
            return errors.UNKNOWN_APPLICATION
        return self._unproven(request) or self._wrong_resource(request)

    def _unproven(self, request: TokenRequest) -> EntraError | None:
        form = request.form
        if form.get("client_assertion_type") == JWT_BEARER:
            audiences = discovery.assertion_audiences(request.origin, request.tenant)
            return self.credentials.refusal_of(form.get("client_assertion", ""), self.client_id, audiences)
        if "client_secret" not in form:
            return errors.NO_CREDENTIAL
        secret = self.client_secret.get_secret_value()
        proven = hmac.compare_digest(form["client_secret"].encode(), secret.encode())
        return None if proven else errors.WRONG_SECRET

    def _wrong_resource(self, request: TokenRequest) -> EntraError | None:
        if not request.resource:
            return errors.wrong_scope(request.form.get("scope", "")) if request.version == "v2" else errors.NO_RESOURCE
        known = self.environment.setup.environment_url.lower()
        if known and request.resource.lower().rstrip("/") != known:
            return errors.UNKNOWN_RESOURCE
        return None

    def accepts(self, authorization: str, origin: str) -> bool:
        """Whether the bearer token is known, live, and made for this environment (no trailing slash, lower case)."""
        scheme, _, token = authorization.partition(" ")
        audience, expires_at = self._known.get(_digest(token), ("", 0.0))
        wanted = (self.environment.setup.environment_url or origin).lower()
        return scheme.lower() == "bearer" and expires_at > time.time() and audience == wanted

    async def revoke_all(self) -> int:
        """Revokes every token; returns how many there were."""
        count, self._known = len(self._known), {}
        await self.store.submit(lambda connection: connection.execute("DELETE FROM tokens").rowcount)
        return count


def with_basic(form: dict[str, str], authorization: str) -> dict[str, str]:
    """The form with the client of a Basic header (RFC 6749, 2.3.1: both parts are form-encoded)."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return form
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return form
    return form | {"client_id": unquote_plus(name), "client_secret": unquote_plus(secret)}


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _insert(connection: sqlite3.Connection, row: tuple[str, str, float]) -> None:
    connection.execute("DELETE FROM tokens WHERE expires_at < ?", (time.time(),))
    connection.execute("INSERT INTO tokens (digest, audience, expires_at) VALUES (?, ?, ?)", row)

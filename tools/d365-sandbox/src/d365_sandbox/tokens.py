"""Entra's token endpoint (client credentials) and the check of what it gave out."""

import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from d365_sandbox.odata_errors import Answer
from d365_sandbox.store import Store


@dataclass(slots=True)
class Tokens:
    """Opaque access tokens; kept as digests in the data file, so they outlive a restart as Entra's do."""

    store: Store
    client_id: str
    client_secret: str
    lifetime_seconds: int
    environment_url: str
    _known: dict[str, tuple[str, float]] = field(default_factory=dict)

    def load(self) -> None:
        """Reads the tokens that are still good."""
        rows = self.store.read("SELECT digest, audience, expires_at FROM tokens WHERE expires_at > ?", (time.time(),))
        self._known = {row["digest"]: (row["audience"], row["expires_at"]) for row in rows}

    async def issue(self, form: Mapping[str, str]) -> Answer:
        """The answer of the token endpoint to a form."""
        refusal = self._refuse(form)
        if refusal is not None:
            return refusal
        token = secrets.token_urlsafe(48)
        row = (_digest(token), form["scope"].removesuffix("/.default"), time.time() + self.lifetime_seconds)
        await self.store.submit(lambda connection: _insert(connection, row))
        self._known[row[0]] = (row[1], row[2])
        times = {"expires_in": self.lifetime_seconds, "ext_expires_in": self.lifetime_seconds}
        return Answer(200, {"token_type": "Bearer", **times, "access_token": token})

    def _refuse(self, form: Mapping[str, str]) -> Answer | None:
        if form.get("grant_type") != "client_credentials":
            return entra_error(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if form.get("client_id") != self.client_id:
            return entra_error(400, "unauthorized_client", 700016, "Application was not found in the directory.")
        given, wanted = form.get("client_secret", "").encode(), self.client_secret.encode()
        if not hmac.compare_digest(given, wanted):
            return entra_error(401, "invalid_client", 7000215, "Invalid client secret provided.")
        scope = form.get("scope", "")
        if not scope.endswith("/.default") or len(scope.split()) != 1:
            text = f"The provided value for the input parameter 'scope' is not valid: '{scope[:200]}'."
            return entra_error(400, "invalid_scope", 1002012, text)
        return None

    def accepts(self, authorization: str, origin: str) -> bool:
        """Whether the bearer token is known, live, and made for this environment (no trailing slash, lower case)."""
        scheme, _, token = authorization.partition(" ")
        audience, expires_at = self._known.get(_digest(token), ("", 0.0))
        wanted = (self.environment_url or origin).lower()
        return scheme.lower() == "bearer" and expires_at > time.time() and audience == wanted

    async def revoke_all(self) -> int:
        """Ends every token; returns how many there were."""
        count, self._known = len(self._known), {}
        await self.store.submit(lambda connection: connection.execute("DELETE FROM tokens").rowcount)
        return count


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _insert(connection: sqlite3.Connection, row: tuple[str, str, float]) -> None:
    connection.execute("DELETE FROM tokens WHERE expires_at < ?", (time.time(),))
    connection.execute("INSERT INTO tokens (digest, audience, expires_at) VALUES (?, ?, ?)", row)


def entra_error(status: int, error: str, code: int, text: str) -> Answer:
    """Entra's error JSON; the description starts with its AADSTS code."""
    trace = secrets.token_hex(16)
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    body = {
        "error": error,
        "error_description": f"AADSTS{code}: {text} Trace ID: {trace} Timestamp: {moment}",
        "error_codes": [code],
        "timestamp": moment,
        "trace_id": trace,
        "correlation_id": trace,
        "error_uri": f"https://login.microsoftonline.com/error?code={code}",
    }
    return Answer(status, body)

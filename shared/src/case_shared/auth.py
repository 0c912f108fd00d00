"""OAuth 2 bearer tokens (RFC 6750): JWTs of an OIDC provider, checked by its discovery document and JWKS."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import jwt
import structlog
from fastapi import Request
from jwt import PyJWK, PyJWKSet

from case_shared.clock import Clock
from case_shared.errors import Transient
from case_shared.loops import pause
from case_shared.problems import Problem
from case_shared.settings import OidcSettings

log = structlog.get_logger(__name__)
# Asymmetric ones alone: a public key must never be taken for an HMAC secret, and `none` is no algorithm.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LEEWAY = timedelta(seconds=30)
# OIDC, RFC 9068 (JWT access tokens), and version 1 tokens of Entra ID.
_CLIENT_CLAIMS = ("azp", "client_id", "appid")
_KNOWN_TOKENS = 10_000
_KEYS_AGE_SECONDS = 1800.0
_RETRY_SECONDS = 2.0
_REFETCH_AFTER_SECONDS = 10.0


@dataclass(frozen=True)
class Principal:
    """Who calls: `username` is what `created_by` and the audit show; `dealers` are slugs.

    `client` is the application that the token was issued to, where the token tells.
    """

    subject: str
    username: str
    scopes: frozenset[str]
    dealers: frozenset[str]
    expires_at: datetime
    client: str | None = None


class ProviderUnreachable(Transient):
    """The OIDC provider does not answer, and no keys are known yet."""


@dataclass
class TokenVerifier:
    """Checks access tokens; keys are fetched by `keep_keys`, and (rarely) for an unknown `kid`."""

    settings: OidcSettings
    session: aiohttp.ClientSession
    clock: Clock
    _keys: dict[str, PyJWK] = field(default_factory=dict)
    # Tokens that were found good, by their hash: to check a signature costs more than all else that a request takes.
    _known: dict[bytes, Principal] = field(default_factory=dict)
    _fetched_at: float | None = None
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def verify(self, token: str) -> Principal:
        """Who the token stands for.

        Raises `jwt.InvalidTokenError` where it must not be trusted, `ProviderUnreachable` where that cannot be told.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None and self.clock.now() < known.expires_at + _LEEWAY:
            return known
        principal = await self._check(token)
        if len(self._known) >= _KNOWN_TOKENS:
            del self._known[next(iter(self._known))]
        self._known[digest] = principal
        return principal

    async def _check(self, token: str) -> Principal:
        header = jwt.get_unverified_header(token)
        key = await self._key(str(header.get("kid", "")))
        claims = jwt.decode(
            token,
            key,
            algorithms=_ALGORITHMS,
            audience=self.settings.oidc_audience,
            issuer=self.settings.oidc_issuer,
            leeway=_LEEWAY,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        return self._principal(claims)

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        settings = self.settings
        username = claims.get(settings.oidc_username_claim) or claims["sub"]
        return Principal(
            subject=str(claims["sub"]),
            username=str(username)[:254].replace("\x00", ""),
            scopes=_words(claims.get(settings.oidc_scope_claim)),
            dealers=_words(claims.get(settings.oidc_dealers_claim)),
            expires_at=datetime.fromtimestamp(claims["exp"], UTC),
            client=next((str(claims[name]) for name in _CLIENT_CLAIMS if claims.get(name)), None),
        )

    async def keep_keys(self, stopping: asyncio.Event) -> None:
        """Fetch the keys now, so that no caller waits for them, and anew every half hour, until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self._fetch()
                seconds = _KEYS_AGE_SECONDS
            except ProviderUnreachable:
                seconds = _RETRY_SECONDS
            await pause(seconds, stopping)

    async def _key(self, key_id: str) -> PyJWK:
        if key_id not in self._keys and self._since_fetch() > _REFETCH_AFTER_SECONDS:
            await self._fetch()
        if key_id in self._keys:
            return self._keys[key_id]
        raise jwt.InvalidTokenError("the token is signed with a key that the issuer does not publish")

    def _since_fetch(self) -> float:
        return float("inf") if self._fetched_at is None else self.clock.monotonic() - self._fetched_at

    async def _fetch(self) -> None:
        async with self._fetching:
            if self._since_fetch() < 1:
                return
            try:
                self._keys = await self._published_keys()
                self._known.clear()
                self._fetched_at = self.clock.monotonic()
            except (aiohttp.ClientError, TimeoutError, OSError, KeyError, ValueError, jwt.PyJWKSetError) as error:
                log.warning("oidc_keys_not_fetched", issuer=self.settings.oidc_issuer, error=repr(error))
                if not self._keys:
                    raise ProviderUnreachable(f"OIDC_ISSUER {self.settings.oidc_issuer} does not answer") from error

    async def _published_keys(self) -> dict[str, PyJWK]:
        issuer = self.settings.oidc_issuer
        well_known = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        discovery = await self._get(self.settings.oidc_discovery_url or well_known)
        if discovery["issuer"] != issuer:
            raise ValueError(f"the provider calls itself {discovery['issuer']!r}")
        key_set = PyJWKSet.from_dict(await self._get(discovery["jwks_uri"]))
        return {key.key_id or "": key for key in key_set.keys if key.public_key_use in {None, "sig"}}

    async def _get(self, url: str) -> dict[str, Any]:
        async with self.session.get(url, timeout=aiohttp.ClientTimeout(total=5)) as response:
            response.raise_for_status()
            document: dict[str, Any] = await response.json(content_type=None)
            return document


def _words(claim: Any) -> frozenset[str]:
    """A claim's words: a list, or a text separated by spaces."""
    if isinstance(claim, str):
        return frozenset(claim.split())
    return frozenset(str(word) for word in claim) if isinstance(claim, list) else frozenset()


@dataclass(frozen=True)
class Authenticated:
    """FastAPI dependency: the caller, who must have `scope`; 401 or 403 with `WWW-Authenticate` otherwise.

    The verifier is found in `request.app.state.token_verifier`.
    """

    scope: str

    async def __call__(self, request: Request) -> Principal:
        """Check the bearer token of `request`."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("No bearer token was sent; send `Authorization: Bearer <token>`.", error=None)
        verifier: TokenVerifier = request.app.state.token_verifier
        try:
            principal = await verifier.verify(token.strip())
        except jwt.InvalidTokenError as error:
            raise _unauthorized(f"The token is not valid: {error}.", error="invalid_token") from error
        except ProviderUnreachable as error:
            raise Problem(
                503, "unavailable", "The identity provider does not answer", str(error), headers={"Retry-After": "5"}
            ) from error
        if self.scope not in principal.scopes:
            raise self._forbidden()
        return principal

    def _forbidden(self) -> Problem:
        challenge = f'Bearer realm="casebridge", error="insufficient_scope", scope="{self.scope}"'
        detail = f"The token lacks the scope {self.scope}."
        return Problem(403, "forbidden", "Not allowed", detail, headers={"WWW-Authenticate": challenge})


def _unauthorized(detail: str, *, error: str | None) -> Problem:
    challenge = 'Bearer realm="casebridge"' + (f', error="{error}"' if error else "")
    return Problem(401, "unauthorized", "Not authenticated", detail, headers={"WWW-Authenticate": challenge})

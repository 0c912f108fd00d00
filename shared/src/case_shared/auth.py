"""OAuth 2 bearer tokens (RFC 6750): JWTs (RFC 9068) of an OIDC provider, and what their claims say of the caller."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import jwt
from fastapi import Request

from case_shared.clock import Clock
from case_shared.http import header
from case_shared.problems import Problem
from case_shared.provider_keys import ProviderKeys, ProviderUnreachable
from case_shared.settings import OidcSettings, names

LEEWAY = timedelta(seconds=30)
# Tokens of large directories have up to 8 KiB; what is longer is not worth the work of parsing.
MAX_TOKEN_LENGTH = 16 * 1024
# An ID or refresh token, where a provider marks it as such, gives no access. Keycloak and Entra ID say `JWT` of all.
_TYPES = {"jwt", "at+jwt", "application/at+jwt"}
# OIDC, RFC 9068 (JWT access tokens), and version 1 tokens of Entra ID.
_CLIENT_CLAIMS = ("azp", "client_id", "appid")
_KNOWN_TOKENS = 10_000


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


class TokenVerifier:
    """Checks access tokens of the provider that `settings` name."""

    def __init__(self, settings: OidcSettings, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        # Tokens that were found good, by their hash: to check a signature costs more than all else that a request
        # takes. Forgotten when the keys are fetched anew: a key may be gone.
        self._known: dict[bytes, Principal] = {}
        self._keys = ProviderKeys(settings, session, clock, self._known.clear)
        self._audiences = names(settings.oidc_audience)
        self._scope_claims = names(settings.oidc_scope_claim)
        self._username_claims = names(settings.oidc_username_claim)

    async def keep_keys(self, stopping: asyncio.Event) -> None:
        """Keep the provider's keys fresh until `stopping` is set."""
        await self._keys.keep(stopping)

    async def verify(self, token: str) -> Principal:
        """Who the token stands for.

        Raises `jwt.InvalidTokenError` where it must not be trusted, `ProviderUnreachable` where that cannot be told.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None and self._clock.now() < known.expires_at + LEEWAY:
            return known
        principal = await self._check(token)
        if len(self._known) >= _KNOWN_TOKENS:
            del self._known[next(iter(self._known))]
        self._known[digest] = principal
        return principal

    async def _check(self, token: str) -> Principal:
        key = await self._keys.find(_key_id(token))
        if key is None:
            raise jwt.InvalidTokenError("it is signed with a key that the issuer does not publish")
        claims = jwt.decode(
            token,
            key.public,
            algorithms=key.algorithms,
            audience=self._audiences,
            issuer=self._settings.oidc_issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
        return self._principal(claims)

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        granted = {word for name in self._scope_claims for word in _words(find_claim(claims, name))}
        mapped = self._settings.oidc_scope_map
        return Principal(
            subject=str(claims["sub"]),
            username=self._username(claims),
            scopes=frozenset(granted | {scope for word in granted for scope in mapped.get(word, "").split()}),
            dealers=frozenset(_words(find_claim(claims, self._settings.oidc_dealers_claim))),
            expires_at=_time(claims["exp"]),
            client=next((str(claims[name]) for name in _CLIENT_CLAIMS if claims.get(name)), None),
        )

    def _username(self, claims: Mapping[str, Any]) -> str:
        found = (str(find_claim(claims, name) or "").replace("\x00", "") for name in self._username_claims)
        return next(filter(None, found), str(claims["sub"]).replace("\x00", ""))[:254]


def _key_id(token: str) -> str:
    """The `kid` of a token that has the shape of one that we may trust."""
    if len(token) > MAX_TOKEN_LENGTH:
        raise jwt.InvalidTokenError(f"it has more than {MAX_TOKEN_LENGTH} characters")
    header = jwt.get_unverified_header(token)
    if "crit" in header:
        raise jwt.InvalidTokenError("it has critical extensions (crit), of which none is known here")
    if str(header.get("typ", "JWT")).lower() not in _TYPES:
        raise jwt.InvalidTokenError(f"it is no access token, but of the type {header['typ']}")
    if not header.get("kid"):
        raise jwt.InvalidTokenError("it does not name its key (kid)")
    return str(header["kid"])


def find_claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim called `name`, or the one at that path: `realm_access.roles`; a name may have dots itself.

    None where there is none.
    """
    if name in claims:
        return claims[name]
    dots = [position for position, letter in enumerate(name) if letter == "."]
    for dot in dots:
        inner = claims.get(name[:dot])
        found = find_claim(inner, name[dot + 1 :]) if isinstance(inner, Mapping) else None
        if found is not None:
            return found
    return None


def _words(claim: Any) -> set[str]:
    """A claim's words: a list, or a text separated by spaces."""
    if isinstance(claim, str):
        return set(claim.split())
    return {word for word in claim if isinstance(word, str)} if isinstance(claim, list) else set()


def _time(seconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (OverflowError, ValueError, OSError):
        raise jwt.InvalidTokenError("its expiry (exp) is no time") from None


async def authenticate(request: Request, scope: str) -> Principal:
    """The caller, by the bearer token of `request`, who must have `scope`; raises 401 or 403 otherwise.

    The verifier is found in `request.app.state.token_verifier`.
    """
    sent = header(request.scope, b"authorization") or b""
    scheme, _, token = sent.decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorized("No bearer token was sent; send `Authorization: Bearer <token>`.", error=None)
    verifier: TokenVerifier = request.app.state.token_verifier
    try:
        principal = await verifier.verify(token.strip())
    except jwt.PyJWTError as error:
        raise _unauthorized(f"The token is not valid: {error}.", error="invalid_token") from error
    except ProviderUnreachable as error:
        raise Problem(
            503, "unavailable", "The identity provider does not answer", str(error), headers={"Retry-After": "5"}
        ) from error
    if scope not in principal.scopes:
        raise _forbidden(scope)
    return principal


@dataclass(frozen=True)
class Authenticated:
    """FastAPI dependency: the caller, who must have `scope`."""

    scope: str

    async def __call__(self, request: Request) -> Principal:
        """Check the bearer token of `request`."""
        return await authenticate(request, self.scope)


def _forbidden(scope: str) -> Problem:
    challenge = f'Bearer realm="casebridge", error="insufficient_scope", scope="{scope}"'
    detail = f"The token lacks the scope {scope}."
    return Problem(403, "forbidden", "Not allowed", detail, headers={"WWW-Authenticate": challenge})


def _unauthorized(detail: str, *, error: str | None) -> Problem:
    challenge = 'Bearer realm="casebridge"' + (f', error="{error}"' if error else "")
    return Problem(401, "unauthorized", "Not authenticated", detail, headers={"WWW-Authenticate": challenge})

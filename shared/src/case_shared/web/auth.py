"""OAuth 2 bearer tokens (RFC 6750): JWTs (RFC 9068) of an OIDC provider, and what their claims say of the caller."""

import asyncio
import hashlib
from collections.abc import Callable, Container, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import jwt
import structlog
from fastapi import Request, Response
from fastapi.routing import APIRoute

from case_shared.process.clock import Clock
from case_shared.process.settings import OidcSettings, names
from case_shared.web.limits import RateLimits
from case_shared.web.problems import Problem
from case_shared.web.provider_keys import SIGNING, Key, ProviderKeys, ProviderUnreachable
from case_shared.web.rights import rights_of, username_of
from case_shared.words.actor import Actor
from case_shared.words.scopes import Scope

log = structlog.get_logger(__name__)
LEEWAY = timedelta(seconds=30)
# A token with 700 dealers as paths of groups has 23 KiB; all headers of a request together may have 32.
MAX_TOKEN_LENGTH = 24 * 1024
MAX_SUBJECT_LENGTH = 255
# An ID or refresh token gives no access, if the provider marks it. Keycloak and Entra ID mark all tokens `JWT`.
ACCESS_TOKENS = frozenset({"jwt", "at+jwt", "application/at+jwt"})
# OIDC, RFC 9068 (JWT access tokens), and version 1 tokens of Entra ID.
_CLIENT_CLAIMS = ("azp", "client_id", "appid")
_KNOWN_TOKENS = 10_000
_OF_DEALERS = {Scope.CASES_READ, Scope.CASES_WRITE, Scope.CASES_SUBMIT}
_LEFT_OUT = (
    "The identity provider left the claim {} out of the token, because it has too many values (group overage). Limit "
    "the claim to the groups that are assigned to the application, or assign dealers by an attribute."
)


@dataclass(frozen=True)
class Principal:
    """The caller: `created_by` and the audit show `username`; `dealers` are slugs.

    `issuer` and `subject` together identify the caller, whatever the name: decisions use only them. `client` is the
    application that the token was issued to, if the token says so. `dealers_left_out` is the claim that the provider
    omitted because the token would be too long (`Rights.left_out`).
    """

    subject: str
    username: str
    scopes: frozenset[str]
    dealers: frozenset[str]
    expires_at: datetime
    client: str | None = None
    dealers_left_out: str | None = None
    issuer: str = field(kw_only=True)

    @property
    def key(self) -> str:
        """Issuer and subject as one text, the key of the caller's rate limits and streams."""
        return f"{self.issuer} {self.subject}"

    @property
    def actor(self) -> Actor:
        """The caller, as it is stored with its actions."""
        return Actor(self.username, self.subject, self.issuer)


class TokenVerifier:
    """Checks access tokens of the provider that `settings` name."""

    def __init__(self, settings: OidcSettings, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        # Valid tokens, by their hash: checking a signature costs more than the rest of a request. Cleared when the keys
        # are fetched again, since a key may be gone.
        self._known: dict[bytes, Principal] = {}
        self._keys = ProviderKeys(settings, session, clock, self._known.clear)
        self._audiences = names(settings.oidc_audience)

    async def keep_keys(self, stopping: asyncio.Event) -> None:
        """Keep the provider's keys fresh until `stopping` is set."""
        await self._keys.keep(stopping)

    async def verify(self, token: str) -> Principal:
        """Return the caller that the token identifies.

        Raises: `jwt.InvalidTokenError` if it must not be trusted, `ProviderUnreachable` if its keys cannot be fetched.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        # Nothing is added to the expiry: a token that never expires ends with the calendar.
        if known is not None and self._clock.now() - LEEWAY < known.expires_at:
            return known
        principal = await self._check(token)
        if len(self._known) >= _KNOWN_TOKENS:
            del self._known[next(iter(self._known))]
        self._known[digest] = principal
        return principal

    async def _check(self, token: str) -> Principal:
        return self.principal(self.claims(token, await self.key_of(token)))

    async def key_of(self, token: str, kinds: Container[str] = ACCESS_TOKENS) -> Key:
        """Return the provider's key with which the token says it is signed; `kinds`: the allowed token types.

        Raises as `verify` does.
        """
        header = header_of(token, kinds)
        key = await self._keys.find(str(header["kid"]), header["alg"])
        if key is None:
            raise jwt.InvalidTokenError("it is signed with a key that the issuer does not publish")
        return key

    def claims(self, token: str, key: Key, **options: Any) -> dict[str, Any]:
        """Return the token's claims, if its signature, issuer, audience and times are valid.

        `options` of PyJWT demand more or less. Raises `jwt.InvalidTokenError`.
        """
        demanded: Any = {"require": ["exp", "iss", "aud", "sub"], **options}
        claims: dict[str, Any] = jwt.decode(
            token,
            key.public,
            algorithms=[key.algorithm],
            audience=self._audiences,
            issuer=self._settings.oidc_issuer,
            leeway=LEEWAY,
            options=demanded,
        )
        return claims

    def principal(self, claims: Mapping[str, Any]) -> Principal:
        """Return the caller that a token with these claims identifies. Raises: `jwt.InvalidTokenError`."""
        rights = rights_of(claims, self._settings)
        if rights.left_out:
            log.warning("dealers_left_out_of_token", claim=rights.left_out, subject=str(claims["sub"]))
        return Principal(
            subject=_subject(claims["sub"]),
            username=username_of(claims, self._settings) or str(claims["sub"])[:254],
            scopes=rights.scopes,
            dealers=rights.dealers,
            dealers_left_out=rights.left_out,
            expires_at=_time(claims["exp"]),
            issuer=str(claims["iss"]),
            client=next((str(claims[name]) for name in _CLIENT_CLAIMS if claims.get(name)), None),
        )


class TokenTooLong(jwt.InvalidTokenError):
    """A token that is longer than any request may carry."""

    def __init__(self, length: int) -> None:
        super().__init__(
            f"it has {length} characters, but at most {MAX_TOKEN_LENGTH} are allowed; assign fewer dealers to the "
            "user, or remove claims that Casebridge does not need"
        )


def _subject(claim: Any) -> str:
    """Return the caller's ID, stored with its actions; 255 characters at most (OpenID Connect Core 1.0, section 2)."""
    subject = str(claim)
    if not 0 < len(subject) <= MAX_SUBJECT_LENGTH or not subject.isprintable():
        raise jwt.InvalidTokenError(f"its subject (sub) must have 1 to {MAX_SUBJECT_LENGTH} printable characters")
    return subject


def header_of(token: str, kinds: Container[str] = ACCESS_TOKENS) -> Mapping[str, Any]:
    """Return the header of a token that looks like one we may trust. Raises: `jwt.InvalidTokenError`."""
    if len(token) > MAX_TOKEN_LENGTH:
        raise TokenTooLong(len(token))
    header = jwt.get_unverified_header(token)
    if "crit" in header:
        raise jwt.InvalidTokenError("it has critical extensions (crit) that are not supported")
    if str(header.get("typ", "JWT")).lower() not in kinds:
        raise jwt.InvalidTokenError(f"it is not an access token; its type (typ) is {header['typ']}")
    if str(header.get("alg")) not in SIGNING:
        raise jwt.InvalidTokenError(f"its algorithm (alg) is {header.get('alg')}; sign it with RSA, ECDSA or Ed25519")
    if not header.get("kid"):
        raise jwt.InvalidTokenError("it does not name its key (kid)")
    return header


def _time(seconds: Any) -> datetime:
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (OverflowError, ValueError, OSError):
        raise jwt.InvalidTokenError("its expiry (exp) is not a valid time") from None


async def authenticate(request: Request, scope: Scope) -> Principal:
    """Return the caller from the bearer token of `request`, who must have `scope`. Raises: 401 or 403 as `Problem`.

    The request counts towards the limits of its user, its client and the dealer in the path, if the token has that
    dealer. Raises: 429. `request.app.state` has the verifier and the limits, as `token_verifier` and `rate_limits`.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorized("The request has no bearer token. Send `Authorization: Bearer <token>`.", error=None)
    verifier: TokenVerifier = request.app.state.token_verifier
    try:
        principal = await verifier.verify(token.strip())
    except jwt.PyJWTError as error:
        raise _unauthorized(f"The token is not valid: {error}.", error="invalid_token") from error
    except ProviderUnreachable as error:
        raise Problem(
            503, "unavailable", "The identity provider does not answer", str(error), headers={"Retry-After": "5"}
        ) from error
    limits: RateLimits = request.app.state.rate_limits
    dealer = request.path_params.get("dealer")
    limits.count(principal.key, principal.client, dealer if dealer in principal.dealers else None)
    if scope not in principal.scopes:
        raise _forbidden(scope)
    if principal.dealers_left_out and scope in _OF_DEALERS:
        raise Problem(403, "forbidden", "Not allowed", _LEFT_OUT.format(principal.dealers_left_out))
    return principal


@dataclass(frozen=True)
class Scoped:
    """A FastAPI dependency that only a token with `scope` passes."""

    scope: Scope

    async def principal(self, request: Request) -> Principal:
        """Return the caller; a `TokenFirst` route has found it already."""
        known: Principal | None = getattr(request.state, "principal", None)
        return known or await authenticate(request, self.scope)

    def check_before_body(self, request: Request) -> None:
        """Raise what refuses the request whatever its body is; FastAPI reads that before it calls dependencies."""


class Authenticated(Scoped):
    """FastAPI dependency: the caller, who must have `scope`."""

    async def __call__(self, request: Request) -> Principal:
        """Check the token."""
        return await self.principal(request)


class TokenFirst(APIRoute):
    """A route that checks the token, then the headers, before it reads the body: FastAPI does so only afterwards."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, after the check that the route's `Scoped` dependency demands."""
        handle = super().get_route_handler()
        calls: list[Any] = [dependency.call for dependency in self.dependant.dependencies]
        demand = next((call for call in calls if isinstance(call, Scoped)), None)
        if demand is None:
            return handle

        async def handle_known(request: Request) -> Response:
            request.state.principal = await demand.principal(request)
            demand.check_before_body(request)
            return await handle(request)

        return handle_known


def _forbidden(scope: Scope) -> Problem:
    challenge = f'Bearer realm="casebridge", error="insufficient_scope", scope="{scope}"'
    detail = f"The token lacks the scope {scope}. Request a token with this scope."
    return Problem(403, "forbidden", "Not allowed", detail, headers={"WWW-Authenticate": challenge})


def _unauthorized(detail: str, *, error: str | None) -> Problem:
    challenge = 'Bearer realm="casebridge"' + (f', error="{error}"' if error else "")
    return Problem(401, "unauthorized", "Not authenticated", detail, headers={"WWW-Authenticate": challenge})

"""OAuth client credentials (Entra v2), with one token for all and one refresh at a time."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import aiohttp
import orjson
from pydantic import SecretStr

from case_shared.d365.odata import retry_after_seconds

# RFC 6749 section 5.2: with these the request itself is wrong, and asking again does not help. Entra adds the last two.
_PERMANENT_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "access_denied",
        "invalid_resource",
    }
)
_REFRESH_AHEAD_SECONDS = 600.0
# A refresh that failed while the old token still holds is tried again after this long.
_REFRESH_RETRY_SECONDS = 30.0
_MAX_ANSWER_BYTES = 256 * 1024


class TokenUnavailable(Exception):
    """No token just now (network, time-out, 429, 5xx, no JSON): try again later."""

    def __init__(self, why: str, *, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class TokenRefused(Exception):
    """The token endpoint refuses the client (wrong or expired secret, unknown application, wrong scope): configuration."""


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    refresh_at: float
    expires_at: float


class ClientCredentials:
    """Bearer tokens for one D365 environment.

    `environment` is D365's root address: the scope is made of it, lower-case and without a trailing slash, because D365
    compares the token's audience with just that (reference/d365, section 3).
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        token_url: str,
        client_id: str,
        client_secret: SecretStr,
        environment: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._token_url = token_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = f"{environment.rstrip('/').lower()}/.default"
        self._monotonic = monotonic
        self._token: _Token | None = None
        self._lock = asyncio.Lock()

    async def token(self, *, timeout: float) -> str:  # noqa: ASYNC109 - the caller's lease bounds the whole call
        """A token that holds for a while; refreshed ahead of its expiry. `timeout` in seconds.

        Raises: TokenUnavailable, TokenRefused.
        """
        raise NotImplementedError

    def invalidate(self, refused: str) -> None:
        """Forget the token that D365 refused (and only that one: another call may have fetched a fresh one)."""
        if self._token is not None and self._token.value == refused:
            self._token = None

# ruff: noqa: ASYNC109 - the caller's lease bounds the whole call, so its seconds are passed down
"""OAuth client credentials (Entra v2), with one token for all and one refresh at a time."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import orjson

from case_shared.clock import Clock
from case_shared.d365.errors import D365Error, D365Unauthorized, D365Unavailable
from case_shared.d365.odata import retry_after_seconds

# RFC 6749 section 5.2, and Entra's invalid_resource: the request itself is wrong, and asking again does not help.
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
        client_secret: str,
        environment: str,
        clock: Clock,
    ) -> None:
        self._session = session
        self._token_url = token_url
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": f"{environment.rstrip('/').lower()}/.default",
        }
        self._clock = clock
        self._token: _Token | None = None
        self._lock = asyncio.Lock()

    async def token(self, *, timeout: float) -> str:
        """A token that holds for a while, refreshed ahead of its expiry; `timeout` in seconds.

        Raises: D365Unavailable (no token just now), D365Unauthorized (the client is refused: configuration).
        """
        if self._token and self._clock.monotonic() < self._token.refresh_at:
            return self._token.value
        try:
            async with asyncio.timeout(timeout), self._lock:
                if not self._token or self._clock.monotonic() >= self._token.refresh_at:
                    self._token = await self._fetch()
                return self._token.value
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return self._still_valid(D365Unavailable(f"token endpoint: {type(error).__name__}"))
        except D365Error as error:
            return self._still_valid(error)

    def invalidate(self, refused: str) -> None:
        """Forget the token that D365 refused (and only that one: another call may have fetched a fresh one)."""
        if self._token and self._token.value == refused:
            self._token = None

    def _still_valid(self, error: D365Error) -> str:
        now = self._clock.monotonic()
        if not self._token or now >= self._token.expires_at:
            raise error
        self._token = replace(self._token, refresh_at=now + _REFRESH_RETRY_SECONDS)
        return self._token.value

    async def _fetch(self) -> _Token:
        async with self._session.post(self._token_url, data=self._form, allow_redirects=False) as response:
            document = _json_object(await response.read())
            token, seconds = document.get("access_token"), _seconds(document.get("expires_in"))
            if response.status == 200 and isinstance(token, str) and seconds is not None:
                return self._lasting(token, seconds)
            raise _refusal(response, document)

    def _lasting(self, value: str, seconds: float) -> _Token:
        # A short token (a test's, or a tenant's policy) is refreshed at half its life.
        now = self._clock.monotonic()
        return _Token(value, now + max(seconds - _REFRESH_AHEAD_SECONDS, seconds / 2), now + seconds)


def _refusal(response: aiohttp.ClientResponse, document: dict[str, Any]) -> D365Error:
    code, status = document.get("error"), response.status
    codes = document.get("error_codes")
    why = f"token endpoint: {status} {code or 'without an OAuth answer'}" + (f" {codes}" if codes else "")
    if code in _PERMANENT_ERRORS and status in (400, 401, 403):
        return D365Unauthorized(f"{why}; check D365_CLIENT_ID, D365_CLIENT_SECRET and D365_URL", status=status)
    pause = retry_after_seconds(response.headers)
    return D365Unavailable(why if pause is None else f"{why}, asks for {pause:g} s", status=status)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _seconds(value: object) -> float | None:
    # Entra's v1 endpoint gives a string.
    try:
        return float(value) if isinstance(value, (int, float, str)) else None
    except ValueError:
        return None

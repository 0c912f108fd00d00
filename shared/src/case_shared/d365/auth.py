# ruff: noqa: ASYNC109 - the caller's lease bounds the whole call, so its seconds are passed down
"""Access tokens for D365: all calls share one; it is renewed before it expires, one renewal at a time."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from case_shared.d365.clocks import clock_problem
from case_shared.d365.errors import D365Error, D365Unavailable, D365UnusableToken
from case_shared.process.clock import Clock
from case_shared.words.lifetimes import lifetime

log = structlog.get_logger(__name__)
_RENEW_AHEAD_SECONDS = 600.0
# RFC 6749 makes `expires_in` optional.
_UNKNOWN_LIFETIME_SECONDS = 60.0
# RFC 6750, section 2.1, allows fewer characters; these are the ones a header can carry.
_USABLE_TOKEN = re.compile(r"[\x21-\x7e]+")
# How long to wait after a failed renewal while the old token is still valid.
_RETRY_SECONDS = 30.0
_RENEWAL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Grant:
    """A token as its endpoint issued it; `seconds` is its lifetime, unchecked."""

    token: object = field(repr=False)
    seconds: object
    headers: Mapping[str, str]


class TokenSource(Protocol):
    """One way to sign in."""

    async def fetch(self) -> Grant:
        """Fetch a new token, never a cached one. Raises: D365Unavailable, D365Unauthorized."""


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at: float
    expires_at: float


class D365Tokens:
    """Bearer tokens for one D365 environment."""

    def __init__(self, source: TokenSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._token: _Token | None = None
        self._renewing: asyncio.Task[D365Error | None] | None = None

    async def token(self, *, timeout: float) -> str:
        """Return a valid token; `timeout` in seconds. While the old token is valid, no caller waits for its renewal.

        Raises: D365Unavailable (no token right now), D365Unauthorized (the endpoint refuses us: configuration).
        """
        token, now = self._token, self._clock.monotonic()
        if token and now < token.expires_at:
            if now >= token.renew_at:
                self._renewal()
            return token.value
        try:
            async with asyncio.timeout(timeout):
                # Shielded: a caller that gives up must not cancel the renewal for the others.
                error = await asyncio.shield(self._renewal())
        except TimeoutError:
            raise D365Unavailable("token endpoint: TimeoutError") from None
        if self._token is None or error:
            raise error or D365Unavailable("D365 refused the token while a new one was being fetched")
        return self._token.value

    def invalidate(self, refused: str) -> None:
        """Forget the token that D365 refused, and only that one: another call may have fetched a fresh one."""
        if self._token and self._token.value == refused:
            self._token = None

    async def close(self) -> None:
        """Cancel the renewal that is under way, if any."""
        if self._renewing and not self._renewing.done():
            self._renewing.cancel()
            await asyncio.wait([self._renewing])

    def _renewal(self) -> "asyncio.Task[D365Error | None]":
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew(), name="d365-token")
        return self._renewing

    async def _renew(self) -> D365Error | None:
        try:
            async with asyncio.timeout(_RENEWAL_SECONDS):
                grant = await self._source.fetch()
            self._token = self._lasting(_usable(grant.token), _lifetime(grant.seconds))
            if problem := clock_problem(grant.headers, self._clock):
                log.warning("clock_off", why=problem)
        except TimeoutError:
            return self._failed(D365Unavailable("token endpoint: TimeoutError"))
        except D365Error as error:
            return self._failed(error)
        return None

    def _failed(self, error: D365Error) -> D365Error:
        now = self._clock.monotonic()
        if self._token and now < self._token.expires_at:
            log.warning("d365_token_not_renewed", error=error.why, ends_in_seconds=self._token.expires_at - now)
            self._token = replace(self._token, renew_at=now + _RETRY_SECONDS)
        return error

    def _lasting(self, value: str, seconds: float) -> _Token:
        # A short-lived token (in a test, or by a tenant's policy) is renewed at half its life.
        now = self._clock.monotonic()
        return _Token(value, now + max(seconds - _RENEW_AHEAD_SECONDS, seconds / 2), now + seconds)


@asynccontextmanager
async def open_tokens(source: TokenSource, clock: Clock) -> AsyncIterator[D365Tokens]:
    """Tokens for the block; cancels a running renewal at its end."""
    tokens = D365Tokens(source, clock)
    try:
        yield tokens
    finally:
        await tokens.close()


def _usable(token: object) -> str:
    if not isinstance(token, str) or not _USABLE_TOKEN.fullmatch(token):
        raise D365UnusableToken("token endpoint: the access token contains characters that are not allowed in a header")
    return token


def _lifetime(value: object) -> float:
    """Return the token's lifetime in seconds, or a short and safe one if the endpoint gives no usable number."""
    seconds = lifetime(value)
    if seconds is None:
        log.warning("token_lifetime_unusable", expires_in=str(value)[:40], seconds=_UNKNOWN_LIFETIME_SECONDS)
        return _UNKNOWN_LIFETIME_SECONDS
    return seconds

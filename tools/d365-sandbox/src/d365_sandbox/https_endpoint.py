"""An HTTPS address for business events, with the shape and the place of the secret from the set-up."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from pydantic import SecretStr

from d365_sandbox.event_sender import BATCH_THREADS, EndpointFailed
from d365_sandbox.event_shapes import SOURCE, Sent, validation, wrap
from d365_sandbox.setup import Setup

ORIGIN = "eventgrid.azure.net"


@dataclass(slots=True)
class HttpsEndpoint:
    """One event per request; `setup` returns the current set-up."""

    url: str
    secret: SecretStr
    timeout_seconds: float
    setup: Callable[[], Setup]
    name: str = "https"
    _session: aiohttp.ClientSession | None = None
    _threads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BATCH_THREADS))
    _greeted: set[str] = field(default_factory=set)
    _greeting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, body: bytes) -> None:
        """Posts the event, after the handshake of its shape; raises `EndpointFailed` if no 2xx comes in time."""
        shape = self.setup().events_shape
        async with self._greeting:
            if shape.handshake not in self._greeted:
                await self._greet(shape.handshake)
                self._greeted.add(shape.handshake)
        async with self._threads:
            await self._call("POST", wrap(shape, body))

    async def _greet(self, handshake: str) -> None:
        if handshake == "event-grid":
            code = secrets.token_hex(16)
            answer = await self._call("POST", validation(code))
            if answer.status != 200 or answer.json.get("validationResponse") != code:
                raise EndpointFailed(f"the receiver did not return the validation code: HTTP {answer.status}")
        elif handshake == "cloudevents":
            headers = {"WebHook-Request-Origin": ORIGIN, "WebHook-Request-Rate": "120"}
            answer = await self._call("OPTIONS", Sent(b"", headers))
            if answer.headers.get("WebHook-Allowed-Origin") not in ("*", ORIGIN):
                raise EndpointFailed(f"the receiver does not allow {SOURCE}: its answer has no WebHook-Allowed-Origin")

    async def _call(self, method: str, sent: Sent) -> "_Answer":
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.timeout_seconds))
        headers, query = self._with_secret()
        try:
            async with self._session.request(
                method, self.url, data=sent.body, headers=sent.headers | headers, params=query, allow_redirects=False
            ) as answer:
                if not 200 <= answer.status < 300:
                    raise EndpointFailed(f"HTTP {answer.status}")
                content = await answer.json() if "json" in answer.content_type else {}
                return _Answer(answer.status, answer.headers, content)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise EndpointFailed(type(error).__name__) from error

    def _with_secret(self) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and query parameters."""
        secret = self.secret.get_secret_value()
        if not secret:
            return {}, {}
        match self.setup().events_secret_as:
            case "bearer":
                return {"Authorization": f"Bearer {secret}"}, {}
            case "x-functions-key":
                return {"x-functions-key": secret}, {}
            case "code":
                return {}, {"code": secret}

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Any
    json: Any

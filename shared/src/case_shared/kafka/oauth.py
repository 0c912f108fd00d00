"""Tokens with which a service signs in to Kafka (OAUTHBEARER): OAuth 2 client credentials, by authlib."""

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx2
import structlog
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaConnectionError
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from pydantic import SecretStr

from case_shared.process.clock import Clock, SystemClock
from case_shared.process.proxies import proxy_for

log = structlog.get_logger(__name__)
_SECONDS = 10.0
_RENEW_AHEAD_SECONDS = 60.0
# A renewal that failed while the old token is valid is tried again after this long.
_RETRY_SECONDS = 10.0
# RFC 6749 leaves `expires_in` out at will.
_UNKNOWN_LIFETIME_SECONDS = 60.0


@dataclass(frozen=True)
class Client:
    """Who signs in, and where; the secret goes into the form, as Entra, Keycloak and most others take it."""

    token_url: str
    client_id: str
    secret: SecretStr
    scope: str | None


class ClientTokens(AbstractTokenProvider):  # type: ignore[misc]
    """One token for all connections, renewed before it ends; aiokafka asks for it at each connection that it makes."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._renew_at = self._ends_at = 0.0

    async def token(self) -> str:
        """A token that is valid. Raises `KafkaConnectionError`, as for a broker that is not reached."""
        async with self._lock:
            if self._token is None or self._clock.monotonic() >= self._renew_at:
                await self._renew()
            assert self._token is not None
            return self._token

    async def _renew(self) -> None:
        asked_at = self._clock.monotonic()
        try:
            grant = await self._fetch()
            token, seconds = str(grant["access_token"]), float(grant.get("expires_in") or _UNKNOWN_LIFETIME_SECONDS)
        except (httpx2.HTTPError, httpx2.InvalidURL, AuthlibBaseError, OSError, ValueError, KeyError) as error:
            cause = f"{type(error).__name__}: {error}"
            why = f"no token from KAFKA_OAUTH_TOKEN_URL {self._client.token_url}: {cause}"
            if self._token is None or asked_at >= self._ends_at:
                raise KafkaConnectionError(why) from error
            log.warning("kafka_token_not_renewed", error=why)
            self._renew_at = min(asked_at + _RETRY_SECONDS, self._ends_at)
            return
        self._token, self._ends_at = token, asked_at + seconds
        self._renew_at = asked_at + max(seconds - _RENEW_AHEAD_SECONDS, seconds / 2)

    async def _fetch(self) -> dict[str, Any]:
        url = self._client.token_url
        async with AsyncOAuth2Client(
            self._client.client_id,
            self._client.secret.get_secret_value(),
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 (its name)
            scope=self._client.scope,
            # The system's authorities, or those of SSL_CERT_FILE: Kafka's own may be others.
            verify=ssl.create_default_context(),
            proxy=proxy_for(url),
            trust_env=False,
            timeout=_SECONDS,
        ) as client:
            answer: dict[str, Any] = await client.fetch_token(url, grant_type="client_credentials")
            return answer


@cache
def tokens_of(client: Client) -> ClientTokens:
    """The tokens of `client`, the same for all connections of this process."""
    return ClientTokens(client, SystemClock())

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from case_shared.d365.auth import ClientCredentials
from case_shared.d365.errors import D365Unauthorized, D365Unavailable
from case_shared.d365.session import open_session
from tests.unit.case_shared.d365.scripted import ScriptedD365, answer, hang_up, scripted, silence, token


@dataclass
class HandClock:
    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds


@asynccontextmanager
async def credentials_of(d365: ScriptedD365, clock: HandClock) -> AsyncIterator[ClientCredentials]:
    async with open_session(limit=8) as session:
        yield ClientCredentials(
            session,
            token_url=f"{d365.url}/token",
            client_id="id",
            client_secret="s&c=r t+",
            environment="https://Contoso.example/",
            clock=clock,
        )


def refusal(status: int, code: str) -> bytes:
    return answer(status, json.dumps({"error": code, "error_description": "AADSTS: words", "error_codes": [7000215]}))


async def test_the_form_is_encoded_and_the_scope_has_no_trailing_slash() -> None:
    async with scripted() as d365, credentials_of(d365, HandClock()) as credentials:
        assert await credentials.token(timeout=5) == "token-1"

    assert parse_qs(d365.token_requests[0].body.decode(), strict_parsing=True) == {
        "grant_type": ["client_credentials"],
        "client_id": ["id"],
        "client_secret": ["s&c=r t+"],
        "scope": ["https://contoso.example/.default"],
    }


@pytest.mark.parametrize(("lifetime", "fresh_at", "stale_at"), [(3600, 2999, 3000), (60, 29, 30), (1200, 599, 600)])
async def test_a_token_is_refreshed_ahead_of_its_expiry(lifetime: float, fresh_at: float, stale_at: float) -> None:
    clock = HandClock()
    async with scripted() as d365, credentials_of(d365, clock) as credentials:
        d365.tokens = [token("first", lifetime), token("second", lifetime)]
        assert await credentials.token(timeout=5) == "first"
        clock.seconds = fresh_at
        assert await credentials.token(timeout=5) == "first"
        clock.seconds = stale_at
        assert await credentials.token(timeout=5) == "second"


async def test_many_at_once_ask_for_one_token() -> None:
    async with scripted() as d365, credentials_of(d365, HandClock()) as credentials:
        tokens = await asyncio.gather(*(credentials.token(timeout=5) for _ in range(20)))

    assert set(tokens) == {"token-1"}
    assert len(d365.token_requests) == 1


async def test_only_the_refused_token_is_forgotten() -> None:
    async with scripted() as d365, credentials_of(d365, HandClock()) as credentials:
        d365.tokens = [token("first"), token("second")]
        await credentials.token(timeout=5)
        credentials.invalidate("first")
        assert await credentials.token(timeout=5) == "second"
        credentials.invalidate("first")
        assert await credentials.token(timeout=5) == "second"


@pytest.mark.parametrize("code", ["invalid_client", "unauthorized_client", "invalid_scope", "invalid_request"])
@pytest.mark.parametrize("status", [400, 401])
async def test_a_refused_client_is_configuration(status: int, code: str) -> None:
    async with scripted() as d365, credentials_of(d365, HandClock()) as credentials:
        d365.tokens = [refusal(status, code)]
        with pytest.raises(D365Unauthorized, match="D365_CLIENT_SECRET") as refused:
            await credentials.token(timeout=5)

    assert code in str(refused.value)
    assert "7000215" in str(refused.value)


@pytest.mark.parametrize(
    "said",
    [
        refusal(503, "temporarily_unavailable"),
        refusal(500, "server_error"),
        refusal(503, "invalid_client"),
        answer(429, "", Retry_After="9"),
        answer(200, "<html>", "text/html"),
        answer(200, '{"access_token": 1, "expires_in": 5}'),
        answer(302, "", Location="http://elsewhere.invalid/"),
        hang_up,
        silence,
    ],
)
async def test_anything_else_is_transient(said: bytes) -> None:
    async with scripted() as d365, credentials_of(d365, HandClock()) as credentials:
        d365.tokens = [said]
        with pytest.raises(D365Unavailable):
            await credentials.token(timeout=0.2)


async def test_a_failed_refresh_leaves_the_old_token_in_use_while_it_holds() -> None:
    clock = HandClock()
    async with scripted() as d365, credentials_of(d365, clock) as credentials:
        d365.tokens = [token("first"), answer(503), answer(503), token("second")]
        await credentials.token(timeout=5)
        clock.seconds = 3100
        assert await credentials.token(timeout=5) == "first"
        clock.seconds = 3120
        assert await credentials.token(timeout=5) == "first"
        assert len(d365.token_requests) == 2, "the failed refresh is not tried again at once"
        clock.seconds = 3600
        with pytest.raises(D365Unavailable):
            await credentials.token(timeout=5)
        assert await credentials.token(timeout=5) == "second"

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from case_shared.d365.auth import D365Tokens, open_tokens
from case_shared.d365.errors import D365Unauthorized, D365Unavailable, D365UnusableToken
from case_shared.d365.session import open_session, token_source
from case_shared.d365.sign_in import ClientCredentials
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.unit.case_shared.d365.scripted import ScriptedD365, Step, answer, hang_up, scripted, silence, token

# Much more than an answer takes.
SECONDS = 5 * PATIENCE


@dataclass
class HandClock:
    seconds: float = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds


@asynccontextmanager
async def tokens_of(
    d365: ScriptedD365, clock: HandClock, path: str = "/token", scope: str = "https://contoso.example/.default"
) -> AsyncIterator[D365Tokens]:
    sign_in = ClientCredentials(f"{d365.url}{path}", "id", SecretStr("s&c=r t+"))
    async with (
        open_session(limit=8) as session,
        open_tokens(token_source(session, sign_in, scope, clock), clock) as tokens,
    ):
        yield tokens


def refusal(status: int, code: str, **headers: str) -> bytes:
    said = {"error": code, "error_description": "AADSTS7000215: words", "error_codes": [7000215]}
    return answer(status, json.dumps(said), **headers)


async def until(holds: Callable[[], bool]) -> None:
    async def probe() -> bool:
        return holds()

    await eventually(probe, every_seconds=0.01)


async def test_the_form_is_encoded_and_the_scope_has_no_trailing_slash() -> None:
    async with scripted() as d365, tokens_of(d365, HandClock()) as tokens:
        assert await tokens.token(timeout=SECONDS) == "token-1"

    assert parse_qs(d365.token_requests[0].body.decode(), strict_parsing=True) == {
        "grant_type": ["client_credentials"],
        "client_id": ["id"],
        "client_secret": ["s&c=r t+"],
        "scope": ["https://contoso.example/.default"],
    }


@pytest.mark.parametrize(("lifetime", "fresh_at", "stale_at"), [(3600, 2999, 3000), (60, 29, 30), (1200, 599, 600)])
async def test_a_token_is_renewed_ahead_of_its_expiry(lifetime: float, fresh_at: float, stale_at: float) -> None:
    clock = HandClock()
    async with scripted() as d365, tokens_of(d365, clock) as tokens:
        d365.tokens = [token("first", lifetime), token("second", lifetime)]
        assert await tokens.token(timeout=SECONDS) == "first"
        clock.seconds = fresh_at
        assert await tokens.token(timeout=SECONDS) == "first"
        clock.seconds = stale_at
        assert await tokens.token(timeout=SECONDS) == "first", "nobody waits for the renewal"
        assert await eventually(lambda: tokens.token(timeout=SECONDS), lambda token: token == "second")
        assert len(d365.token_requests) == 2


async def test_many_at_once_ask_for_one_token() -> None:
    async with scripted() as d365, tokens_of(d365, HandClock()) as tokens:
        given = await asyncio.gather(*(tokens.token(timeout=SECONDS) for _ in range(20)))

    assert set(given) == {"token-1"}
    assert len(d365.token_requests) == 1


async def test_only_the_refused_token_is_forgotten() -> None:
    async with scripted() as d365, tokens_of(d365, HandClock()) as tokens:
        d365.tokens = [token("first"), token("second")]
        await tokens.token(timeout=SECONDS)
        tokens.invalidate("first")
        assert await tokens.token(timeout=SECONDS) == "second"
        tokens.invalidate("first")
        assert await tokens.token(timeout=SECONDS) == "second"


@pytest.mark.parametrize("code", ["invalid_client", "unauthorized_client", "invalid_scope", "invalid_request"])
@pytest.mark.parametrize("status", [400, 401])
async def test_a_refused_client_is_configuration(status: int, code: str) -> None:
    async with scripted() as d365, tokens_of(d365, HandClock()) as tokens:
        d365.tokens = [refusal(status, code)]
        with pytest.raises(D365Unauthorized, match="D365_CLIENT_SECRET") as refused:
            await tokens.token(timeout=SECONDS)

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
        answer(200, json.dumps({"access_token": "x", "padding": "x" * 1024 * 1024})),
        hang_up,
        silence,
    ],
)
async def test_anything_else_is_transient(said: Step) -> None:
    async with scripted() as d365, tokens_of(d365, HandClock()) as tokens:
        d365.tokens = [said]
        with pytest.raises(D365Unavailable):
            await tokens.token(timeout=0.2 if said is silence else SECONDS)


@pytest.mark.parametrize("value", ["a\nb", "a b", "to\x00ken", "tökén", "", "a\x7f"])
async def test_a_token_that_no_header_can_carry_is_refused_by_name_and_the_next_one_serves(value: str) -> None:
    async with scripted() as d365, tokens_of(d365, HandClock()) as tokens:
        d365.tokens = [token(value), token("second")]
        with pytest.raises(D365UnusableToken, match="not allowed in a header"):
            await tokens.token(timeout=SECONDS)
        assert await tokens.token(timeout=SECONDS) == "second"


@pytest.mark.parametrize(
    ("expires_in", "stale_after"),
    [
        (None, 30), (0, 30), (-3600, 30), ("soon", 30), ({}, 30), ("nan", 30), ("3599", 2999),
        (1e300, 85_800), ("inf", 85_800), ("9" * 400, 85_800),
    ],
)  # fmt: skip
async def test_a_lifetime_that_cannot_be_is_a_short_or_a_bounded_one(expires_in: object, stale_after: float) -> None:
    clock = HandClock()
    async with scripted() as d365, tokens_of(d365, clock) as tokens:
        d365.tokens = [
            answer(200, json.dumps({"access_token": name, "expires_in": expires_in})) for name in ("first", "second")
        ]
        assert await tokens.token(timeout=SECONDS) == "first"
        clock.seconds = stale_after - 1
        assert await tokens.token(timeout=SECONDS) == "first"
        assert len(d365.token_requests) == 1
        clock.seconds = stale_after + 1
        assert await eventually(lambda: tokens.token(timeout=SECONDS), lambda token: token == "second")


async def test_a_failed_renewal_leaves_the_old_token_in_use_while_it_is_valid() -> None:
    clock = HandClock()
    async with scripted() as d365, tokens_of(d365, clock) as tokens:
        d365.tokens = [token("first"), answer(503), answer(503), token("second")]
        await tokens.token(timeout=SECONDS)
        clock.seconds = 3100
        assert await tokens.token(timeout=SECONDS) == "first"
        await until(lambda: len(d365.token_requests) == 2)
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "d365-token"))
        clock.seconds = 3120
        assert await tokens.token(timeout=SECONDS) == "first"
        assert len(d365.token_requests) == 2, "the failed renewal is not tried again at once"
        clock.seconds = 3600
        with pytest.raises(D365Unavailable):
            await tokens.token(timeout=SECONDS)
        assert await tokens.token(timeout=SECONDS) == "second"


async def test_an_endpoint_that_hangs_costs_nobody_time_while_the_token_is_valid() -> None:
    clock = HandClock()
    async with scripted() as d365, tokens_of(d365, clock) as tokens:
        d365.tokens = [token("first"), silence]
        await tokens.token(timeout=SECONDS)
        clock.seconds = 3100
        async with asyncio.timeout(4 * PATIENCE):
            assert [await tokens.token(timeout=SECONDS) for _ in range(3)] == ["first"] * 3


async def test_a_caller_that_gives_up_leaves_the_renewal_to_the_others() -> None:
    async with scripted() as d365, tokens_of(d365, HandClock()) as tokens:
        writers: list[asyncio.StreamWriter] = []
        d365.tokens = [writers.append]
        patient = asyncio.create_task(tokens.token(timeout=SECONDS))
        await until(lambda: len(writers) == 1)
        with pytest.raises(D365Unavailable):
            await tokens.token(timeout=0)
        writers[0].write(token("first"))
        assert await patient == "first"
        assert len(d365.token_requests) == 1


@pytest.mark.parametrize(
    ("path", "scope", "sent"),
    [
        ("/common/oauth2/token", "https://x/.default", {"scope": ["https://x/.default"], "resource": ["https://x"]}),
        ("/adfs/oauth2/token", "https://x/.default", {"resource": ["https://x"]}),
        ("/adfs/oauth2/token", "openid", {"scope": ["openid"], "resource": ["openid"]}),
        ("/oauth2/v2.0/token", "https://x/.default", {"scope": ["https://x/.default"]}),
    ],
)
async def test_endpoints_that_want_a_resource_are_given_one(path: str, scope: str, sent: dict[str, list[str]]) -> None:
    async with scripted() as d365, tokens_of(d365, HandClock(), path, scope) as tokens:
        await tokens.token(timeout=SECONDS)
    form = parse_qs(d365.token_requests[0].body.decode())
    assert {name: form[name] for name in ("scope", "resource") if name in form} == sent


async def test_a_clock_that_is_off_is_named() -> None:
    off = {"Date": "Thu, 01 Jan 1970 00:05:00 GMT"}
    async with scripted() as d365, tokens_of(d365, HandClock()) as tokens:
        d365.tokens = [refusal(401, "invalid_client", **off)]
        with pytest.raises(D365Unauthorized, match="this machine's clock is 300 s behind the server's"):
            await tokens.token(timeout=SECONDS)

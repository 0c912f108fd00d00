"""Each way to sign in to Kafka, on a real broker with an authority of its own: topics, producers and consumers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
import structlog
from aiokafka.errors import KafkaError

from case_shared.kafka import oauth
from case_shared.kafka.connection import KafkaSettings, Subscription, connection_arguments, create_producer
from case_shared.kafka.consumers import Consumers
from case_shared.kafka.topics import ensure_topics
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from casebridge.kafka_admin import grant
from casebridge.kafka_rights import rights
from tests.integration.case_shared.test_consumers import Handler
from tests.support.eventually import eventually
from tests.support.guarded_kafka import Guarded, guarded_kafka

WAYS = ["PLAIN", "SCRAM-SHA-512", "OAUTHBEARER", "certificate"]


@pytest_asyncio.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    async with guarded_kafka(tmp_path_factory.mktemp("guarded")) as running:
        yield running


@asynccontextmanager
async def consuming(settings: KafkaSettings, topic: str, handler: Handler) -> AsyncIterator[Consumers]:
    stopping = asyncio.Event()
    subscription = Subscription(topic, f"group.{topic}", handler)
    consumers = Consumers(settings, [subscription], client_id="test", heartbeats=Heartbeats(SystemClock()))
    run = asyncio.create_task(consumers.run(stopping))
    try:
        yield consumers
    finally:
        stopping.set()
        await run


async def send(settings: KafkaSettings, topic: str, *values: bytes) -> None:
    producer = create_producer(settings, client_id="test")
    try:
        await producer.start()
        for value in values:
            await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


@pytest.mark.parametrize("way", WAYS)
async def test_topics_are_made_written_and_read(guarded: Guarded, way: str) -> None:
    settings, topic, handler = guarded.settings[way], f"by.{way.lower()}", Handler()
    assert await ensure_topics(settings, topic) == [topic]
    async with consuming(settings, topic, handler):
        await send(settings, topic, b"1", b"2")
        await eventually(handler.count, lambda count: count >= 2)


@pytest.mark.parametrize(
    ("way", "change", "said"),
    [
        ("PLAIN", {"kafka_ca_file": None}, "certificate verify failed"),
        ("SCRAM-SHA-512", {"kafka_sasl_password": "another"}, "Authentication"),
        ("OAUTHBEARER", {"kafka_oauth_client_secret": "another"}, "no token from KAFKA_OAUTH_TOKEN_URL http://"),
        ("certificate", {"kafka_client_certificate_file": None}, ""),
    ],
)
async def test_who_is_not_trusted_learns_why(
    guarded: Guarded, caplog: pytest.LogCaptureFixture, way: str, change: dict[str, object], said: str
) -> None:
    with pytest.raises(KafkaError):
        await send(guarded.of(way, **change), "any", b"1")
    assert said in caplog.text
    assert "another" not in caplog.text


async def test_one_token_serves_all_connections_and_a_new_one_follows_in_time(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = 0
    fetch = oauth.ClientTokens._fetch

    async def counted(self: oauth.ClientTokens) -> dict[str, object]:
        nonlocal fetched
        fetched += 1
        return await fetch(self)

    monkeypatch.setattr(oauth.ClientTokens, "_fetch", counted)
    settings = guarded.of("OAUTHBEARER", kafka_oauth_scope="counted")
    await ensure_topics(settings, "counted")
    for _ in range(2):
        await send(settings, "counted", b"1")
    assert fetched == 1
    tokens = connection_arguments(settings)["sasl_oauth_token_provider"]
    tokens._renew_at = 0.0
    await send(settings, "counted", b"2")
    assert fetched == 2


async def test_a_provider_that_is_away_is_no_harm_while_the_token_is_valid(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = guarded.of("OAUTHBEARER", kafka_oauth_scope="away")
    tokens = connection_arguments(settings)["sasl_oauth_token_provider"]
    first = await tokens.token()
    tokens._renew_at = 0.0

    async def away(_self: oauth.ClientTokens) -> dict[str, object]:
        raise ConnectionError("away")

    monkeypatch.setattr(oauth.ClientTokens, "_fetch", away)
    with structlog.testing.capture_logs() as logs:
        assert await tokens.token() == first
    assert [(one["event"], one["log_level"]) for one in logs] == [("kafka_token_not_renewed", "warning")]
    tokens._renew_at = tokens._ends_at = 0.0
    with pytest.raises(KafkaError, match="KAFKA_OAUTH_TOKEN_URL"):
        await tokens.token()


async def test_rights_are_given_by_whoever_has_signed_in_by_a_token(guarded: Guarded) -> None:
    await asyncio.to_thread(grant, guarded.settings["OAUTHBEARER"], rights("never.", "never."))

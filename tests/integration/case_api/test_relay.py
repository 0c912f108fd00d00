"""The relay, on a real Kafka: in order, none lost, and a record that Kafka refuses holds nobody up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from case_api.postgres.delivery_store import PostgresResendStore, Resends
from case_api.postgres.outbox import Outbox
from case_api.relay import Relay
from case_shared.clock import SystemClock
from case_shared.errors import LeaseLost
from case_shared.events import SubmissionState
from case_shared.kafka import KafkaSettings, create_producer
from case_shared.leadership import Lease
from case_shared.topics import CASE_SUBMITTED, topic_name
from tests.integration.case_api.conftest import Api
from tests.integration.case_api.deliveries import deliver
from tests.support.brokers import Broker

NEVER_KAFKA = KafkaSettings(kafka_bootstrap_servers="127.0.0.1:1")


def lease(seconds: float = 60) -> Lease:
    clock = SystemClock()
    return Lease("relay", 1, clock, clock.monotonic() + seconds)


@asynccontextmanager
async def relay_of(api: Api, settings: KafkaSettings, batch_size: int = 100) -> AsyncIterator[Relay]:
    relay = Relay(
        Outbox(api.service.pool),
        producer_of=lambda: create_producer(settings, client_id="test-relay"),
        topic_of=lambda name: topic_name(settings, name),
        batch_size=batch_size,
    )
    try:
        yield relay
    finally:
        await relay.close()


async def waiting(api: Api) -> list[Any]:
    return await api.fetch("SELECT * FROM case_api.outbox ORDER BY id")


async def test_submissions_reach_kafka_once_and_leave_the_outbox(api: Api, broker: Broker) -> None:
    await broker.create(CASE_SUBMITTED)
    cases = [await api.submitted() for _ in range(5)]
    async with relay_of(api, broker.settings, batch_size=2) as relay:
        assert [await relay.turn(lease()) for _ in range(3)] == [True, True, False]
        assert not await relay.turn(lease())
    assert await waiting(api) == []
    sent = await broker.submissions()
    assert sorted(event.web_case_id for event in sent) == sorted(case["web_case_id"] for case in cases)
    (record, *_) = await broker.read_all(CASE_SUBMITTED)
    assert record.key.decode() in {case["web_case_id"] for case in cases}
    rows = await api.fetch("SELECT sent_at FROM case_api.submission_states")
    assert all(row["sent_at"] for row in rows)


async def test_a_record_that_kafka_refuses_is_set_aside_and_the_others_go_on(api: Api, broker: Broker) -> None:
    await broker.create(CASE_SUBMITTED)
    cases = [await api.submitted() for _ in range(3)]
    await api.fetch(
        "UPDATE case_api.outbox SET value = convert_to(repeat('x', 2000000), 'UTF8') WHERE web_case_id = $1",
        cases[1]["web_case_id"],
    )
    async with relay_of(api, broker.settings) as relay:
        await relay.turn(lease())
        (row,) = await waiting(api)
        assert row["web_case_id"] == cases[1]["web_case_id"]
        assert "MessageSizeTooLarge" in row["refusal"]
        assert (row["refusals"], row["refused_at"] < row["retry_at"]) == (1, True)
        assert not await relay.turn(lease())
        assert (await Outbox(api.service.pool).measure())[0::2] == (1, 1)
        late = await api.submitted()
        await relay.turn(lease())
    sent = {event.web_case_id for event in await broker.submissions()}
    assert sent == {cases[0]["web_case_id"], cases[2]["web_case_id"], late["web_case_id"]}


async def test_without_kafka_nothing_is_lost_and_submissions_are_taken(api: Api) -> None:
    await api.submitted()
    async with relay_of(api, NEVER_KAFKA) as relay:
        with pytest.raises(KafkaError):
            await relay.turn(lease())
        assert not relay.healthy
    await api.submitted()
    assert len(await waiting(api)) == 2


async def test_without_the_lease_nothing_is_sent(api: Api, broker: Broker) -> None:
    await broker.create(CASE_SUBMITTED)
    await api.submitted()
    async with relay_of(api, broker.settings) as relay:
        with pytest.raises(LeaseLost):
            await relay.turn(lease(-1))
    assert len(await waiting(api)) == 1
    assert await broker.submissions() == []


async def test_what_was_not_heard_of_is_sent_again_ever_more_seldom(api: Api) -> None:
    silent, heard, ended = [await api.submitted() for _ in range(3)]
    store = PostgresResendStore(api.service.pool, Resends(60, 3600))
    # Still in the outbox: not twice.
    await api.fetch("UPDATE case_api.submission_states SET resend_at = now()")
    assert await store.resend(10) == []
    outbox = Outbox(api.service.pool)
    before = await outbox.read(10)
    await outbox.delete([record.id for record in before])
    await api.fetch("UPDATE case_api.submission_states SET resend_at = now()")
    await deliver(api, heard, SubmissionState.DEFERRED)
    await deliver(api, ended, SubmissionState.FAILED)
    assert await store.resend(10) == [silent["web_case_id"]]
    (again,) = await outbox.read(10)
    assert (again.value, again.headers) == next(
        (record.value, record.headers) for record in before if record.web_case_id == silent["web_case_id"]
    )
    (row,) = await api.fetch(
        "SELECT resends, extract(epoch FROM resend_at - now()) s FROM case_api.submission_states "
        "WHERE web_case_id = $1",
        silent["web_case_id"],
    )
    assert (row["resends"], 200 < row["s"] <= 240) == (2, True)


async def test_two_relays_and_a_consumer_do_not_lock_each_other_out(api: Api, broker: Broker) -> None:
    await broker.create(CASE_SUBMITTED)
    cases = [await api.submitted() for _ in range(30)]
    async with relay_of(api, broker.settings, 7) as one, relay_of(api, broker.settings, 7) as two:

        async def drain(relay: Relay) -> None:
            while await relay.turn(lease()):
                pass

        await asyncio.gather(
            drain(one), drain(two), *(deliver(api, case, SubmissionState.DELIVERING) for case in cases)
        )
    assert await waiting(api) == []
    assert {event.web_case_id for event in await broker.submissions()} == {case["web_case_id"] for case in cases}

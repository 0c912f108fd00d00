"""What case-api sends: when it was sent, when it is sent again, and no deadlock with consumers of the answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from case_api.postgres.delivery_store import PostgresResendStore, Resends
from case_api.postgres.outbox import OUTBOX
from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.outbox import OutboxPublisher, sender_for
from case_shared.kafka.topics import CASE_SUBMITTED
from case_shared.words.events import SubmissionState
from tests.integration.case_api.conftest import Api
from tests.integration.case_api.deliveries import deliver
from tests.support.brokers import Broker
from tests.support.outboxes import a_lease, waiting
from tests.support.patience import PATIENCE


@asynccontextmanager
async def publishing(api: Api, settings: KafkaSettings, batch_size: int = 100) -> AsyncIterator[OutboxPublisher]:
    sender = sender_for(settings, "test")
    try:
        yield OutboxPublisher(api.service.pool, OUTBOX, sender, batch_size)
    finally:
        await sender.close()


async def test_a_submission_that_kafka_has_is_noted_as_sent(api: Api, broker: Broker) -> None:
    await broker.create(CASE_SUBMITTED)
    cases = [await api.submitted() for _ in range(5)]
    async with publishing(api, broker.settings) as publisher:
        await publisher.turn(a_lease())
    assert await waiting(api.service.pool, OUTBOX) == []
    sent = await broker.submissions()
    assert sorted(event.web_case_id for event in sent) == sorted(case["web_case_id"] for case in cases)
    rows = await api.fetch("SELECT sent_at FROM case_api.submission_states")
    assert all(row["sent_at"] for row in rows)


async def test_submissions_are_taken_while_others_wait(api: Api) -> None:
    for _ in range(2):
        await api.submitted()
    assert len(await waiting(api.service.pool, OUTBOX)) == 2


async def test_what_was_not_heard_of_is_sent_again_ever_more_seldom(api: Api) -> None:
    silent, deferred, ended = [await api.submitted() for _ in range(3)]
    store = PostgresResendStore(api.service.pool, Resends(60, 3600))
    # Still in the outbox: not added twice.
    await api.fetch("UPDATE case_api.submission_states SET resend_at = now()")
    assert await store.resend(10) == []
    before = await waiting(api.service.pool, OUTBOX)
    await api.fetch("DELETE FROM case_api.outbox")
    await api.fetch("UPDATE case_api.submission_states SET resend_at = now()")
    await deliver(api, deferred, SubmissionState.DEFERRED)
    await deliver(api, ended, SubmissionState.FAILED)
    assert [one.web_case_id for one in await store.resend(10)] == [silent["web_case_id"]]
    (again,) = await waiting(api.service.pool, OUTBOX)
    assert (again.value, again.headers) == next(
        (record.value, record.headers) for record in before if record.key == silent["web_case_id"].encode()
    )
    (row,) = await api.fetch(
        "SELECT resends, extract(epoch FROM resend_at - now()) s FROM case_api.submission_states "
        "WHERE web_case_id = $1",
        silent["web_case_id"],
    )
    assert (row["resends"], 100 < row["s"] <= 120) == (1, True)


async def test_a_resend_does_not_wait_for_the_publisher_that_waits_for_it(api: Api) -> None:
    case = await api.submitted()
    await api.fetch("UPDATE case_api.submission_states SET resend_at = now()")
    store = PostgresResendStore(api.service.pool, Resends(60, 3600))
    async with api.database.connect() as publisher, publisher.transaction():
        await publisher.execute("DELETE FROM case_api.outbox WHERE web_case_id = $1", case["web_case_id"])
        async with asyncio.timeout(5 * PATIENCE):
            assert await store.resend(10) == []


async def test_two_publishers_and_a_consumer_do_not_lock_each_other_out(api: Api, broker: Broker) -> None:
    await broker.create(CASE_SUBMITTED)
    cases = [await api.submitted() for _ in range(30)]
    async with publishing(api, broker.settings, 7) as one, publishing(api, broker.settings, 7) as two:

        async def drain(publisher: OutboxPublisher) -> None:
            while await publisher.turn(a_lease()):
                pass

        await asyncio.gather(
            drain(one), drain(two), *(deliver(api, case, SubmissionState.DELIVERING) for case in cases)
        )
    assert await waiting(api.service.pool, OUTBOX) == []
    assert {event.web_case_id for event in await broker.submissions()} == {case["web_case_id"] for case in cases}

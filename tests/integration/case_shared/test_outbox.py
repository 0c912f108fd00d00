"""The outbox publisher behaves alike for all three services, on a real PostgreSQL and a real Kafka."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from prometheus_client import REGISTRY

from case_api.postgres.outbox import OUTBOX as SUBMISSIONS
from case_shared.database.postgres import Connection, Pool
from case_shared.kafka import outbox as publishing
from case_shared.kafka import producing
from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.outbox import Outbox, OutboxPublisher, sender_for
from case_shared.kafka.producing import Sender
from case_shared.kafka.topics import PARTITIONS, topic_name
from case_shared.words.errors import LeaseLost
from case_shared.words.events import CaseDelivery, Record, decode
from case_shared.words.identifiers import new_web_case_id
from d365_sync.domain.flow import Kind
from d365_sync.postgres.flow import PostgresFlow
from d365_sync.postgres.intake import Submitted, take_in
from d365_sync.postgres.outbox import OUTBOX as DELIVERIES
from status_sync.postgres.outbox import OUTBOX as STATUS_CHANGES
from status_sync.postgres.outbox import OutboxStore
from tests.integration.d365_sync.conftest import submitted
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.outboxes import a_lease, waiting
from tests.support.submissions import store_submissions

NEVER_KAFKA = KafkaSettings(kafka_bootstrap_servers="127.0.0.1:1")
# Larger than aiokafka sends, and larger than the topic of one test accepts.
TOO_LARGE = 2_000_000
TOO_LARGE_FOR_THE_TOPIC = 50_000
Seen = tuple[str, int]


@dataclass
class Service:
    """One service's outbox: `write` stores the next change of a case, as its transaction does."""

    database: Database
    pool: Pool
    role: str
    outbox: Outbox
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def newest_alone(self) -> bool:
        """A document's row is its outbox: only the newest of several changes is published."""
        return self.outbox is DELIVERIES

    async def write(self, case: str, size: int = 10) -> None:
        """Store the next change in its own transaction."""
        async with self.pool.acquire() as connection, connection.transaction():
            await self.write_by(connection, case, size)

    async def write_by(self, connection: Connection, case: str, size: int = 10) -> None:
        """Store the next change in the caller's transaction."""
        number = self.numbers[case] = self.numbers.get(case, 0) + 1
        value = json.dumps({"number": number, "text": "x" * size}).encode()
        match self.role:
            case "case_api":
                await connection.execute(
                    "INSERT INTO outbox (web_case_id, submission_no, topic, value, headers) "
                    "VALUES ($1, $2, $3, $4, '{}')",
                    case, number, self.outbox.topic, value,
                )  # fmt: skip
            case "status_sync":
                await OutboxStore().append(connection, [Record(self.outbox.topic, case.encode(), value, [])])
            case _:
                if number == 1:
                    event = submitted(web_case_id=case)
                    await store_submissions(self.database, event)
                    await take_in(connection, [Submitted(event, None)])
                await connection.execute(
                    "UPDATE documents SET state = 'failed', revision = $2, changed_at = clock_timestamp(), "
                    "reason = repeat('x', $3) WHERE web_case_id = $1",
                    case, number, size,
                )  # fmt: skip

    async def accept_again(self, case: str) -> None:
        """Make the refused change fit, and due."""
        async with self.database.connect() as connection:
            if self.role == "d365_sync":
                await connection.execute("UPDATE d365_sync.refused_events SET retry_at = now()")
                await connection.execute("UPDATE d365_sync.documents SET reason = 'x' WHERE web_case_id = $1", case)
            else:
                await connection.execute(
                    f"UPDATE {self.role}.outbox SET retry_at = now(), value = convert_to($1, 'UTF8') "
                    "WHERE refusals > 0",
                    json.dumps({"number": 1}),
                )

    async def measured(self) -> dict[str, Any]:
        """Depth, age and refused records, as in the metrics."""
        row = await self.pool.fetchrow(self.outbox.measure.text)
        assert row is not None
        return dict(row)

    async def sent(self, broker: Broker) -> list[Seen]:
        """Case and number of Kafka's records, each case's in Kafka's order."""
        return [self._seen(record) for record in await broker.read_all(self.outbox.topic)]

    def _seen(self, record: Any) -> Seen:
        if self.role == "d365_sync":
            return record.key.decode(), decode(CaseDelivery, record.value, record.headers).revision
        return record.key.decode(), json.loads(record.value)["number"]

    @asynccontextmanager
    async def publisher(
        self, settings: KafkaSettings, batch_size: int = 100, pool: Any = None
    ) -> AsyncIterator[OutboxPublisher]:
        """A publisher of this outbox."""
        sender = sender_for(settings, "test")
        try:
            yield OutboxPublisher(pool or self.pool, self.outbox, sender, batch_size)
        finally:
            await sender.close()


@pytest_asyncio.fixture(params=[("case_api", SUBMISSIONS), ("d365_sync", DELIVERIES), ("status_sync", STATUS_CHANGES)])
async def service(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Service]:
    """Each of the three, on its own database."""
    role, outbox = request.param
    async with database.pool(role) as pool:
        yield Service(database, pool, role, outbox)


def numbers_by_case(seen: list[Seen]) -> dict[str, list[int]]:
    """The numbers of each case, in Kafka's order."""
    found: dict[str, list[int]] = {}
    for case, number in seen:
        found.setdefault(case, []).append(number)
    return found


def cases(count: int) -> list[str]:
    """Web Case IDs."""
    return [new_web_case_id() for _ in range(count)]


async def drain(publisher: OutboxPublisher) -> None:
    """Publish until the outbox is empty."""
    while await publisher.turn(a_lease()):
        pass


async def test_what_waits_reaches_kafka_once_and_leaves_the_outbox(service: Service, broker: Broker) -> None:
    await broker.create(service.outbox.topic)
    written = cases(5)
    for case in written:
        await service.write(case)
    async with service.publisher(broker.settings, batch_size=2) as publisher:
        assert [await publisher.turn(a_lease()) for _ in range(3)] == [True, True, False]
        assert not await publisher.turn(a_lease())
    assert sorted(await service.sent(broker)) == sorted((case, 1) for case in written)
    assert await service.measured() == {"depth": 0, "age_seconds": 0, "refused": 0}


async def test_a_refused_record_is_set_aside_with_an_alarm_and_delays_its_own_case_alone(
    service: Service, broker: Broker, capsys: pytest.CaptureFixture[str]
) -> None:
    await broker.create(service.outbox.topic)
    before, refused, after = cases(3)
    await service.write(before)
    await service.write(refused, TOO_LARGE)
    if not service.newest_alone:
        await service.write(refused)
    await service.write(after)
    async with service.publisher(broker.settings) as publisher:
        await drain(publisher)
        assert sorted(await service.sent(broker)) == sorted([(before, 1), (after, 1)])
        # An alarm in the log, the metrics and the flow; it waits until it is due.
        assert "record_refused" in capsys.readouterr().out
        await publisher.measure()
        topic = {"topic": service.outbox.topic}
        assert REGISTRY.get_sample_value("casebridge_outbox_refused_records", topic) == 1
        async with service.database.pool("d365_sync") as pool:
            (concern,) = [one for one in await PostgresFlow(pool).concerns() if one.kind is Kind.REFUSED_BY_KAFKA]
        assert (concern.count, concern.verdict) == (1, "alarm")
        await service.write(before)
        await drain(publisher)
        assert numbers_by_case(await service.sent(broker)) == {before: [1, 2], after: [1]}

        await service.accept_again(refused)
        await drain(publisher)
    numbers = numbers_by_case(await service.sent(broker))
    assert numbers[refused] == ([1] if service.newest_alone else [1, 2])
    assert await service.measured() == {"depth": 0, "age_seconds": 0, "refused": 0}


@pytest.mark.parametrize("service", [("d365_sync", DELIVERIES)], indirect=True)
async def test_a_documents_newer_revision_takes_the_place_of_a_refused_one(service: Service, broker: Broker) -> None:
    await broker.create(service.outbox.topic)
    (case,) = cases(1)
    await service.write(case, TOO_LARGE)
    async with service.publisher(broker.settings) as publisher:
        await drain(publisher)
        await service.write(case)
        await drain(publisher)
    assert await service.sent(broker) == [(case, 2)]
    assert (await service.measured())["refused"] == 0


async def test_one_that_the_topic_refuses_takes_nobody_elses_with_it(service: Service, broker: Broker) -> None:
    """Kafka refuses a whole batch of a partition, and then everything that the producer sends after it."""
    await create_small_topic(broker, service.outbox.topic)
    written = cases(30)
    for case in written:
        await service.write(case, TOO_LARGE_FOR_THE_TOPIC if case in written[10:12] else 1000)
    async with service.publisher(broker.settings) as publisher:
        await drain(publisher)
        await drain(publisher)
    wanted = [(case, 1) for case in written if case not in written[10:12]]
    assert sorted(await service.sent(broker)) == sorted(wanted)
    assert (await service.measured())["refused"] == 2


async def create_small_topic(broker: Broker, topic: str) -> None:
    """A topic that accepts only small records."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        limits = {"max.message.bytes": str(TOO_LARGE_FOR_THE_TOPIC // 2)}
        await admin.create_topics([NewTopic(topic_name(broker.settings, topic), PARTITIONS, 1, topic_configs=limits)])
    finally:
        await admin.close()


async def test_a_crash_after_the_send_repeats_once_and_loses_nothing(
    service: Service, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await broker.create(service.outbox.topic)
    written = cases(3)
    for case in written:
        await service.write(case)

    def killed(_point: object) -> None:
        raise ConnectionError("killed before it was noted")

    with monkeypatch.context() as patch:
        patch.setattr(publishing, "reached", killed)
        async with service.publisher(broker.settings) as dying:
            with pytest.raises(ConnectionError):
                await dying.turn(a_lease())
    for case in written:
        await service.write(case)
    async with service.publisher(broker.settings) as living:
        await drain(living)
    numbers = numbers_by_case(await service.sent(broker))
    assert numbers == dict.fromkeys(written, [1, 2] if service.newest_alone else [1, 1, 2])
    assert (await service.measured())["depth"] == 0


async def test_the_order_of_a_case_is_kept_while_its_changes_go_on(service: Service, broker: Broker) -> None:
    await broker.create(service.outbox.topic)
    written = cases(3)
    async with service.publisher(broker.settings, batch_size=4) as publisher:

        async def write() -> None:
            for _ in range(20):
                for case in written:
                    await service.write(case)

        writing = asyncio.create_task(write())
        while not writing.done():
            await publisher.turn(a_lease())
        await writing
        await drain(publisher)
    for numbers in numbers_by_case(await service.sent(broker)).values():
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == 20
        assert service.newest_alone or len(numbers) == 20


async def test_what_a_long_transaction_stores_is_not_passed_over(service: Service, broker: Broker) -> None:
    await broker.create(service.outbox.topic)
    slow, quick = cases(2)
    async with service.publisher(broker.settings) as publisher:
        async with service.pool.acquire() as connection, connection.transaction():
            await service.write_by(connection, slow)
            await service.write(quick)
            await drain(publisher)
            assert await service.sent(broker) == [(quick, 1)]
            await service.write(quick)
            await drain(publisher)
        await drain(publisher)
    assert numbers_by_case(await service.sent(broker)) == {quick: [1, 2], slow: [1]}


class Freezing:
    """A pool whose user is frozen right after it has read the outbox."""

    def __init__(self, pool: Pool) -> None:
        self.execute: Callable[..., Any] = pool.execute
        self.pool = pool
        self.has_read, self.thaws = asyncio.Event(), asyncio.Event()

    async def fetch(self, *arguments: Any) -> Any:
        """Read, then freeze for a while."""
        rows = await self.pool.fetch(*arguments)
        self.has_read.set()
        await self.thaws.wait()
        return rows


async def test_a_leader_that_was_frozen_past_its_lease_sends_nothing(service: Service, broker: Broker) -> None:
    await broker.create(service.outbox.topic)
    (case,) = cases(1)
    await service.write(case)
    freezing, lease = Freezing(service.pool), a_lease(0.1)
    async with (
        service.publisher(broker.settings, pool=freezing) as frozen,
        service.publisher(broker.settings) as other,
    ):
        turn = asyncio.create_task(frozen.turn(lease))
        await freezing.has_read.wait()
        await other.turn(a_lease())
        await service.write(case)
        await other.turn(a_lease())

        async def has_expired() -> bool:
            return lease.remaining_seconds() < 0

        await eventually(has_expired)
        freezing.thaws.set()
        with pytest.raises(LeaseLost):
            await turn
    assert await service.sent(broker) == [(case, 1), (case, 2)]


async def test_without_kafka_nothing_is_lost_and_it_is_said(service: Service) -> None:
    (case,) = cases(1)
    await service.write(case)
    async with service.publisher(NEVER_KAFKA) as publisher:
        with pytest.raises(KafkaError):
            await publisher.turn(a_lease())
        assert not publisher.sender.reaches_kafka
    assert [record.key for record in await waiting(service.pool, service.outbox)] == [case.encode()]


class SlowProducer:
    """Replaces aiokafka's: Kafka acknowledges the first `acknowledges` records, and the rest not in time."""

    def __init__(self, acknowledges: int) -> None:
        self.acknowledges = acknowledges
        self.keys: list[bytes] = []

    async def start(self) -> None:
        """Nothing to start."""

    async def send(self, _topic: str, _value: bytes, key: bytes, **_: object) -> asyncio.Future[object]:
        """Take a record."""
        self.keys.append(key)
        sent = asyncio.get_running_loop().create_future()
        if len(self.keys) <= self.acknowledges:
            sent.set_result(None)
        return sent


async def test_what_kafka_acknowledges_in_time_is_not_sent_again_with_the_rest(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that is slow for a whole wave would otherwise carry the same records forever."""

    async def let_go(_producer: object) -> None:
        pass

    monkeypatch.setattr(producing, "let_go", let_go)
    written = cases(4)
    for case in written:
        await service.write(case)
    # The second change of a case waits for the first.
    if not service.newest_alone:
        await service.write(written[3])
    slow, stopped, fast = SlowProducer(2), SlowProducer(0), SlowProducer(100)
    made: list[Any] = [slow, stopped, fast]
    sender = Sender(iter(made).__next__, send_seconds=0.05)
    publisher = OutboxPublisher(service.pool, service.outbox, sender)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await publisher.turn(a_lease())
        assert not sender.reaches_kafka
    await publisher.turn(a_lease())
    first, last = written[:2], written[2:]
    assert [sorted(key.decode() for key in one.keys) for one in made] == [
        sorted(written),
        sorted(last),
        sorted([*last, *(() if service.newest_alone else last[1:])]),
    ]
    assert sorted(slow.keys[:2]) == sorted(case.encode() for case in first)
    assert await waiting(service.pool, service.outbox) == []

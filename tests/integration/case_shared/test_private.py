"""Undocumented parts of libraries that we use exist, and do what we expect."""

import asyncio
import socket
from importlib.metadata import version

import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from starlette.types import Receive, Scope, Send

from case_shared.database.postgres import SILENT_SECONDS
from case_shared.kafka.connection import connection_arguments
from case_shared.kafka.record_batches import decode_batches
from case_shared.kafka.topics import PARTITIONS
from case_shared.process import private
from tests.integration.case_shared.test_consumers import GROUP, TOPIC, send
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE


async def test_a_consumers_names_are_as_they_were(broker: Broker) -> None:
    assert version("aiokafka").startswith("0.14."), "read private.py again, and this test"
    await broker.create(TOPIC)
    topic, group = (f"{broker.settings.kafka_topic_prefix}{name}" for name in (TOPIC, GROUP))
    arguments = connection_arguments(broker.settings)
    consumer = AIOKafkaConsumer(topic, **arguments, group_id=group, auto_offset_reset="earliest")
    await consumer.start()
    try:
        fetching, asking, coordinating = private.inner_tasks(consumer)
        assert not any(task.done() for task in (fetching, asking, coordinating))
        partitions = {TopicPartition(topic, number) for number in range(PARTITIONS)}
        await eventually(lambda: private.partitions_with_owner(consumer, group), lambda owned: owned == partitions)
        await send(broker, b"1")
        async with asyncio.timeout(5 * PATIENCE):
            while not (taken := [one for part in (await consumer.getmany()).values() for one in part]):
                await private.wait_for_records(consumer, 1)
        [record] = taken
        place = TopicPartition(topic, record.partition)
        content = await private.fetch_bytes(consumer, place, record.offset, 1024)
        [decoded] = decode_batches(place, record.offset, content).records
        assert (decoded.offset, decoded.value, decoded.timestamp) == (record.offset, record.value, record.timestamp)
    finally:
        await consumer.stop()
        await private.close_connections(consumer)
    assert fetching.done()


async def test_an_abandoned_consumer_does_nothing_more(broker: Broker) -> None:
    await broker.create(TOPIC)
    before = asyncio.all_tasks()
    topic, group = (f"{broker.settings.kafka_topic_prefix}{name}" for name in (TOPIC, GROUP))
    consumer = AIOKafkaConsumer(topic, **connection_arguments(broker.settings), group_id=group)
    await consumer.start()
    partitions = {TopicPartition(topic, number) for number in range(PARTITIONS)}
    await eventually(lambda: private.partitions_with_owner(consumer, group), lambda owned: owned == partitions)
    assert asyncio.all_tasks() > before
    await private.abandon(consumer)
    assert asyncio.all_tasks() == before
    await consumer.stop()


async def test_a_producers_names_are_as_they_were(broker: Broker) -> None:
    await broker.create(TOPIC)
    producer = AIOKafkaProducer(**connection_arguments(broker.settings))
    await producer.start()
    sender = private.sender_of(producer)
    assert sender is not None
    assert not sender.done()
    sender.cancel()
    await asyncio.wait({sender})
    sent = await producer.send(f"{broker.settings.kafka_topic_prefix}{TOPIC}", b"1")
    private.give_up_records(producer)
    assert sent.exception() is not None
    await producer.stop()


async def test_a_consumer_without_a_group_learns_the_partitions_of_topics(broker: Broker) -> None:
    await broker.create(TOPIC)
    topic = f"{broker.settings.kafka_topic_prefix}{TOPIC}"
    async with broker.producer() as producer:
        await producer.partitions_for(topic)  # a new topic takes a moment to appear in the broker's metadata
    consumer = AIOKafkaConsumer(**connection_arguments(broker.settings))
    await consumer.start()
    try:
        assert not consumer.partitions_for_topic(topic)
        await private.know_topics(consumer, [topic])
        assert len(consumer.partitions_for_topic(topic) or ()) == PARTITIONS
        assert await private.partitions_of(consumer, topic) == set(range(PARTITIONS))
        assert private.checksum(b"123456789") == 0xE3069283
    finally:
        await consumer.stop()


async def test_uvicorns_names_are_as_they_were() -> None:
    assert version("uvicorn").startswith("0.54."), "read private.py again, and this test"
    assert version("httptools").startswith("0.9."), "read private.py again, and test_http_bounds.py"
    asked, answer = asyncio.Event(), asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        asked.set()
        await answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    config = uvicorn.Config(app, http=private.HttpConnection, log_config=None, lifespan="off")
    server = private.HttpServer(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = asyncio.create_task(server.serve(sockets=[listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(b"GET /x HTTP/1.1\r\na: bc\r\n\r\n")
        await asyncio.wait_for(asked.wait(), 5 * PATIENCE)
        [connection] = server.connections
        assert connection.is_answering
        assert connection.head_size == (1, len(b"/x") + len(b"abc"))
        assert connection.unsent == 0
        server.stop_listening()
        connection.close_after_answer()
        assert isinstance(server.new_connection(), private.HttpConnection)
        answer.set()
        assert (await asyncio.wait_for(reader.read(), 5 * PATIENCE)).endswith(b"\r\n\r\nok")
        server.should_exit = True
        await asyncio.wait_for(running, 5 * PATIENCE)
        writer.close()


async def test_asyncpgs_names_are_as_they_were_and_a_silent_server_ends_a_connection(database: Database) -> None:
    async with database.pool("case_api") as pool, pool.acquire() as connection:
        own = private.socket_of(connection)
        assert own is not None
        with own:
            assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == SILENT_SECONDS * 1000
            assert own.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) < SILENT_SECONDS
        assert await connection.fetchval("SELECT 1") == 1, "the copy is closed, the connection is not"

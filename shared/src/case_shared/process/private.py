"""What we use of libraries beyond their documentation, all in one place, with the reason for each.

Seen with aiokafka 0.14.0, asyncpg 0.32.0, httptools 0.9.0, opentelemetry-sdk 1.45.2 and uvicorn 0.54.0. Tests fail when
one of these names or behaviors changes (`test_private.py` and `test_http_bounds.py` in `tests/integration/case_shared`,
`test_exporting.py` in `tests/unit/case_shared`); read this module again when you raise a version.
"""

import asyncio
import os
import socket
from collections.abc import Iterable
from itertools import chain
from typing import Any

import httptools
import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaConnectionError, for_code
from aiokafka.protocol.admin import DescribeGroupsRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.util import calc_crc32c
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

_FETCH_WAIT_MS = 500
_CONTROLLER_POLL_SECONDS = 0.2
_END_SECONDS = 1.0


def socket_of(connection: Any) -> socket.socket | None:
    """Return a copy of the socket of asyncpg's `connection`, whose options are the connection's; None if it has none.

    asyncpg has no setting for them, and uvloop's transports do not pass options on to their sockets.
    """
    own = connection._transport.get_extra_info("socket")
    return None if own is None else socket.socket(fileno=os.dup(own.fileno()))


def end_spans(processor: BatchSpanProcessor, *, within_millis: int) -> None:
    """Send the spans that `processor` still has, within this time; its own `shutdown` takes no time-out."""
    processor._batch_processor.shutdown(timeout_millis=within_millis)


def inner_tasks(consumer: AIOKafkaConsumer) -> list["asyncio.Task[Any]"]:
    """Return aiokafka's own tasks: what fetches, what asks for the cluster's metadata, what keeps it in its group.

    An error that they do not expect ends them, some without a line in the log, and nothing public reports it. Without
    the one for metadata, whatever waits for metadata waits forever.
    """
    fetching = getattr(consumer._fetcher, "error_future", None)
    coordinating = getattr(consumer._coordinator, "_coordination_task", None)
    return [task for task in (fetching, consumer._client._sync_task, coordinating) if task is not None]


async def wait_for_records(consumer: AIOKafkaConsumer, seconds: float) -> None:
    """Wait until something was fetched, at most `seconds`. Raises: what ends the group's coordination.

    `getmany` waits, too, but takes the records of several partitions at once: if one of them cannot be decoded, the
    others are lost with it.
    """
    waiter = consumer._fetcher._create_fetch_waiter()
    try:
        await asyncio.wait({waiter}, timeout=seconds)
        if waiter.done():
            waiter.result()
    finally:
        waiter.cancel()


async def fetch_bytes(consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int, most_bytes: int) -> bytes:
    """Return the record batches of `partition` from `offset` on, as the broker has them; the first one is whole.

    Public methods decode them, and fail if that fails. Raises: `KafkaError`.
    """
    client = consumer._client
    node = client.cluster.leader_for_partition(partition)
    if node is None or node == -1:
        raise KafkaConnectionError(f"{partition} has no leader")
    wanted = [(partition.topic, [(partition.partition, offset, most_bytes)])]
    answer = await client.send(node, FetchRequest(_FETCH_WAIT_MS, 1, most_bytes, 0, wanted))
    [(_topic, [(_partition, code, *_more, batches)])] = answer.topics
    if code:
        raise for_code(code)(f"{partition} at offset {offset}")
    return bytes(batches)


async def partitions_with_owner(consumer: AIOKafkaConsumer, group: str) -> set[TopicPartition] | None:
    """Return the partitions that `group` has assigned to a member; None while it rebalances.

    The admin client reports them, too, but would need its own connection for each query. Raises: `KafkaError`.
    """
    coordinator = getattr(consumer._coordinator, "coordinator_id", None)
    if coordinator is None:
        return None
    answer = await consumer._client.send(coordinator, DescribeGroupsRequest([group]))
    [(code, _group, state, _type, _protocol, members, *_)] = answer.groups
    if code:
        raise for_code(code)(f"group {group}")
    if state != "Stable":
        return None
    given = [member[4] for member in members if member[4]]
    return set(chain.from_iterable(ConsumerProtocolMemberAssignment.decode(one).partitions() for one in given))


async def know_topics(consumer: AIOKafkaConsumer, topics: Iterable[str]) -> None:
    """Make a consumer without a group know the partitions of `topics`: it asks only about assigned ones."""
    await consumer._client.set_topics(topics)


async def partitions_of(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    """The partitions that `topic` has now, as Kafka answers; none while it does not know the topic."""
    consumer._client.set_topics([topic])
    await consumer._client.force_metadata_update()
    return set(consumer.partitions_for_topic(topic) or ())


async def know_controller(admin: AIOKafkaAdminClient) -> None:
    """Wait until the cluster names its controller, which a broker that has just started does not know yet.

    Without one, `create_topics` ends with an AttributeError.
    """
    while admin._client.cluster.controller is None:
        await admin._client.force_metadata_update()
        await asyncio.sleep(_CONTROLLER_POLL_SECONDS)


async def abandon(consumer: AIOKafkaConsumer) -> None:
    """End all that a consumer still does, and close its connections, where its `stop` failed or took too long.

    Otherwise it would live on as a member of its group, with partitions that nobody reads.
    """
    names = ("_heartbeat_task", "_commit_refresh_task")
    others = [getattr(consumer._coordinator, name, None) for name in names]
    fetches = getattr(consumer._fetcher, "_pending_tasks", ())
    await _end([*inner_tasks(consumer), *filter(None, others), *fetches])
    await close_connections(consumer)


async def close_connections(owner: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Close the connections if `stop` failed before it did.

    Its client's own `close` fails if an error has ended its task for metadata, and may wait for a connection forever.
    """
    client = owner.client if isinstance(owner, AIOKafkaProducer) else owner._client
    asking, client._sync_task = client._sync_task, None
    await _end([asking] if asking else [])
    closing = [connection.close() for connection in list(client._conns.values())]
    if closing:
        await asyncio.wait(closing, timeout=_END_SECONDS)


async def _end(tasks: list["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    ended, _ = await asyncio.wait(tasks, timeout=_END_SECONDS) if tasks else ((), ())
    for task in ended:
        if not task.cancelled():
            task.exception()  # retrieved: whoever noticed the end has reported it


def sender_of(producer: AIOKafkaProducer) -> "asyncio.Task[None] | None":
    """Return the task that sends; `stop` waits for it forever while Kafka is away."""
    task: asyncio.Task[None] | None = producer._sender.sender_task
    return task


def give_up_records(producer: AIOKafkaProducer) -> None:
    """End everything that waits in `producer`, and retrieve the result of each.

    Nobody else retrieves it, and asyncio logs an exception that was never retrieved.
    """
    accumulator = producer._message_accumulator
    batches = [*accumulator._pending_batches, *chain.from_iterable(accumulator._batches.values())]
    # A batch that ends is removed from `_pending_batches`; those that wait for another try are not in it.
    accumulator._pending_batches.update(batches)
    accumulator.fail_all(KafkaConnectionError("the producer was closed"))
    for batch in batches:
        for future in (batch._drain_waiter, *(future for future, _ in batch._msg_futures)):
            if not future.cancelled():
                future.exception()


def checksum(content: bytes) -> int:
    """Return the CRC-32C that record batches use."""
    found: int = calc_crc32c(content)
    return found


class HttpConnection(HttpToolsProtocol):
    """A connection of uvicorn's HTTP/1.1, which documents no limits for httptools: subclasses set them.

    They override httptools' own callbacks (`on_message_begin`, `on_header`, …), which httptools documents.

    It ignores each offer to change the protocol, as RFC 9110 (7.8) allows: Java's HttpClient offers `h2c` with each
    request over http://. httptools then passes over the body, and uvicorn drops what follows the head.
    """

    def data_received(self, data: bytes) -> None:
        """Parse `data`, as uvicorn does; after an offer of another protocol, go on with HTTP/1.1."""
        self._unset_keepalive_if_required()
        try:
            self._parse(data)
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")

    def _parse(self, data: bytes) -> None:
        """Parse `data`. A head with an offer is parsed again without it, and only then becomes a request.

        The bytes that reached this parser are never cut or searched: it alone decides where a head and a body end.
        """
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                (end_of_head,) = offer.args
                data = self._head_without_offer() + data[end_of_head:]
                # A fresh one: after `Connection: close`, and in HTTP/1.0, the old one drops whatever follows.
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            else:
                return

    def _head_without_offer(self) -> bytes:
        """Return the head that was parsed last, without `Upgrade`. Raises: `HttpParserError`."""
        method = self.parser.get_method()
        if method == b"CONNECT":  # needs no Upgrade, and what follows it is for somebody else
            raise httptools.HttpParserError
        lines = [b"%b %b HTTP/%b" % (method, self.url, self.parser.get_http_version().encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def on_headers_complete(self) -> None:
        """Begin to answer, unless this head is parsed again."""
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End the body, unless the head is parsed again: its body is still to come."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    @property
    def is_answering(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def head_size(self) -> tuple[int, int]:
        """The number of headers of the request so far, and the bytes of its address and headers."""
        return len(self.headers), len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    @property
    def unsent(self) -> int:
        """Bytes of answers that the client has not taken."""
        size: int = self.transport.get_write_buffer_size()
        return size

    def close_after_answer(self) -> None:
        """Close once the request is answered; an idle connection stays open."""
        if self.is_answering:
            self.shutdown()

    def answer_and_close(self, status: int, head: bytes, body: bytes) -> None:
        """Answer what never became a request, unless an answer is under way, and close."""
        if not self.is_answering:
            self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.close()


class HttpServer(uvicorn.Server):
    """uvicorn's server; its public `shutdown` closes idle connections at once, although a request may be on its way."""

    @property
    def connections(self) -> list[HttpConnection]:
        """The open connections."""
        return list(self.server_state.connections)  # type: ignore[arg-type]

    def stop_listening(self) -> None:
        """Accept nothing more, and end each answer from now on with `Connection: close`."""
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        for server in self.servers:
            server.close()

    def new_connection(self) -> asyncio.Protocol:
        """Make the protocol of a connection that uvicorn has not accepted itself."""
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

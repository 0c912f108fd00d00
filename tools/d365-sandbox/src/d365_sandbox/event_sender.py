"""Sends the outbound table to its endpoints as D365 does: in bundles, with few retries, then Errors until a Resend."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from d365_sandbox.store import Rows, Store

BUNDLE_SIZE = 100
BATCH_THREADS = 4
IDLE_SECONDS = 0.5

log = structlog.get_logger()

PENDING = """
SELECT id, body, attempts FROM outbound_events
WHERE endpoint = ? AND state = 'pending' AND due_at <= ? ORDER BY due_at, id LIMIT ?
"""


class EndpointFailed(Exception):
    """The endpoint did not accept an event; the message is what the Errors tab shows."""


class Endpoint(Protocol):
    """A receiver of events."""

    @property
    def name(self) -> str:
        """Its name in the outbound table."""
        ...

    async def send(self, body: bytes) -> None:
        """Hands over one event; raises `EndpointFailed` unless it was surely accepted."""
        ...

    async def close(self) -> None:
        """Frees its resources."""
        ...


@dataclass(slots=True)
class KafkaEndpoint:
    """A topic (such as an event hub). Records have no key, so events of a case have no order across partitions."""

    connection: Mapping[str, Any]
    topic: str
    timeout_seconds: float
    name: str = "kafka"
    _producer: AIOKafkaProducer | None = None
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def send(self, body: bytes) -> None:
        """Publishes and waits for the acknowledgement; the next try replaces a broken producer."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                async with self._starting:
                    producer = await self._started()
                await producer.send_and_wait(self.topic, body)
        except (KafkaError, TimeoutError, OSError) as error:
            await self.close()
            raise EndpointFailed(f"{type(error).__name__}: {error}") from error

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self.connection,
                request_timeout_ms=int(self.timeout_seconds * 1000),
                client_id="d365-sandbox",
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def close(self) -> None:
        """Stops the producer; what it still contained was not acknowledged and is sent again."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(KafkaError, TimeoutError, OSError):
                async with asyncio.timeout(1):
                    await producer.stop()


@dataclass(slots=True)
class Sender:
    """The batch job of one endpoint."""

    store: Store
    endpoint: Endpoint
    retries: int
    retry_seconds: float
    clock: Callable[[], float]
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Wakes the loop: there may be something to send."""
        self._wake.set()

    async def run(self) -> None:
        """Sends what is due, forever."""
        while True:
            self._wake.clear()
            bundle = self.store.read(PENDING, (self.endpoint.name, self.clock(), BUNDLE_SIZE))
            if bundle:
                await self._send_bundle(bundle)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._wake.wait()

    async def _send_bundle(self, bundle: Rows) -> None:
        outcomes = await asyncio.gather(*(self._send(row) for row in bundle))
        failed = [(error, row) for error, row in zip(outcomes, bundle, strict=True) if error]
        sent = [row["id"] for error, row in zip(outcomes, bundle, strict=True) if not error]
        if failed:
            log.warning("events_not_taken", endpoint=self.endpoint.name, count=len(failed), error=failed[0][0])
        await self.store.submit(lambda connection: self._record(connection, sent, failed))

    async def _send(self, row: sqlite3.Row) -> str:
        try:
            await self.endpoint.send(row["body"].encode())
        except EndpointFailed as error:
            return str(error) or type(error).__name__
        return ""

    def _record(self, connection: sqlite3.Connection, sent: list[int], failed: list[tuple[str, sqlite3.Row]]) -> None:
        connection.executemany(
            "UPDATE outbound_events SET state = 'sent', attempts = attempts + 1, error = '' WHERE id = ?",
            [(event_id,) for event_id in sent],
        )
        due_at = self.clock() + self.retry_seconds
        connection.executemany(
            "UPDATE outbound_events SET attempts = attempts + 1, error = ?, due_at = ?, state = ? WHERE id = ?",
            [
                (error, due_at, "error" if row["attempts"] >= self.retries else "pending", row["id"])
                for error, row in failed
            ],
        )


def resend(connection: sqlite3.Connection, event_id: int | None) -> int:
    """Queues one event, or all, of the Errors list again; returns how many."""
    return connection.execute(
        "UPDATE outbound_events SET state = 'pending', attempts = 0, due_at = 0 "
        "WHERE state = 'error' AND (? IS NULL OR id = ?)",
        (event_id, event_id),
    ).rowcount

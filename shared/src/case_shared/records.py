"""From a batch of raw records to rows: what cannot be read or stored is kept apart, and holds nothing else back."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Generic, NamedTuple, TypeVar

import structlog
from prometheus_client import Counter

from case_shared.errors import UnreadableRecord
from case_shared.kafka import RawRecord
from case_shared.postgres import DATA_ERRORS, Connection, Pool, load_sql

log = structlog.get_logger(__name__)
T = TypeVar("T")
_unreadable = Counter("casebridge_unreadable_records_total", "Records kept as unreadable", ["topic", "group"])


class Read(NamedTuple, Generic[T]):
    """A record and what it was read as."""

    record: RawRecord
    value: T


class Unreadable(NamedTuple):
    """A record and why it could not be read or stored."""

    record: RawRecord
    cause: str


class Batch(NamedTuple, Generic[T]):
    """Records that were read, and those that could not be."""

    good: list[Read[T]]
    bad: list[Unreadable]


async def store_batch(
    pool: Pool,
    group: str,
    records: Sequence[RawRecord],
    read: Callable[[RawRecord], T],
    store: Callable[[Connection, Sequence[T]], Awaitable[None]],
) -> list[T]:
    """Store what can be read and keep the rest as unreadable, in one transaction; returns what was stored.

    A batch that the database refuses for its data is halved until the record to blame is found. Whatever else fails
    (the connection, a lock) is raised, and nothing of that part was stored.
    """
    return await store_read(pool, group, read_batch(records, read), store)


def read_batch(records: Sequence[RawRecord], read: Callable[[RawRecord], T]) -> Batch[T]:
    """Read each record; what `read` raises `UnreadableRecord` for is set apart."""
    batch: Batch[T] = Batch([], [])
    for record in records:
        try:
            batch.good.append(Read(record, read(record)))
        except UnreadableRecord as error:
            batch.bad.append(Unreadable(record, str(error)))
    return batch


async def store_read(
    pool: Pool, group: str, batch: Batch[T], store: Callable[[Connection, Sequence[T]], Awaitable[None]]
) -> list[T]:
    """The second half of `store_batch`."""
    return await _store(pool, group, batch.good, batch.bad, store)


async def _store(
    pool: Pool,
    group: str,
    good: Sequence[Read[T]],
    bad: Sequence[Unreadable],
    store: Callable[[Connection, Sequence[T]], Awaitable[None]],
) -> list[T]:
    values = [item.value for item in good]
    try:
        async with pool.acquire() as connection, connection.transaction():
            if values:
                await store(connection, values)
            await _keep_unreadable(connection, group, bad)
    except DATA_ERRORS as error:
        if not good:
            raise
        if len(good) == 1:
            cause = f"the database refuses it: {type(error).__name__}: {error}"
            return await _store(pool, group, [], [*bad, Unreadable(good[0].record, cause)], store)
        middle = len(good) // 2
        stored = await _store(pool, group, good[:middle], bad, store)
        return stored + await _store(pool, group, good[middle:], [], store)
    _unreadable_count(group, bad)
    return values


def _unreadable_count(group: str, bad: Sequence[Unreadable]) -> None:
    for record, cause in bad:
        _unreadable.labels(record.topic, group).inc()
        log.error(
            "record_unreadable", topic=record.topic, partition=record.partition, offset=record.offset, cause=cause
        )


async def _keep_unreadable(connection: Connection, group: str, bad: Sequence[Unreadable]) -> None:
    if not bad:
        return
    await connection.executemany(
        load_sql("case_shared", "insert_unreadable_record"),
        [
            (
                record.topic,
                record.partition,
                record.offset,
                group,
                record.key,
                record.value,
                [[name, value.hex() if isinstance(value, bytes) else None] for name, value in record.headers],
                cause.replace("\x00", "\\0"),
                datetime.fromtimestamp(record.timestamp / 1000, UTC),
            )
            for record, cause in bad
        ],
    )

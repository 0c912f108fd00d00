"""From a batch of raw records to rows: what cannot be read or stored is kept apart, and delays nothing else."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import structlog
from prometheus_client import Counter

from case_shared.database.errors import DATA_ERRORS
from case_shared.database.postgres import Connection, Pool
from case_shared.database.statements import Statement
from case_shared.kafka.connection import RawRecord
from case_shared.kafka.consumer_state import next_offset
from case_shared.kafka.flood import FloodGate
from case_shared.kafka.record_batches import UndecodableRecord, record_time
from case_shared.kafka.traced import consuming
from case_shared.words.errors import Flooded, UnknownRecords, UnreadableRecord

log = structlog.get_logger(__name__)
T = TypeVar("T")
# Topic, partition and offset of a record.
Place = tuple[str, int, int]
Store = Callable[[Connection, Sequence[T]], Awaitable[None]]
# These errors would come again for the same records: the database blames their data, or we do (pydantic included).
_BLAMED = (*DATA_ERRORS, ValueError)
_READ_AT_ONCE = 50
_LONGEST_CAUSE = 2000
_unreadable = Counter("casebridge_unreadable_records_total", "Unreadable records that were kept", ["topic", "group"])


class Read(NamedTuple, Generic[T]):
    """A record and the value read from it."""

    record: RawRecord
    value: T


class Unreadable(NamedTuple):
    """A record and why it could not be read or stored."""

    record: RawRecord
    cause: str


class Batch(NamedTuple, Generic[T]):
    """Records in the order in which they came: those that were read, and those that could not be."""

    records: Sequence[RawRecord]
    good: list[Read[T]]
    bad: list[Unreadable]


async def store_batch(
    pool: Pool,
    group: str,
    records: Sequence[RawRecord],
    read: Callable[[RawRecord], T],
    store: Store[T],
    gate: FloodGate | None = None,
) -> list[T]:
    """Store what can be read and keep the rest as unreadable, in one transaction; return what was stored.

    A batch that the database refuses for its data is halved until the record to blame is found; records that `store`
    names by `UnknownRecords` are kept apart like unreadable ones. Any other failure (the connection, a lock) is raised,
    and nothing of that part is stored. Raises: `Flooded` if most of the last records, as `gate` remembers them, cannot
    be read: what was stored of the batch is then stored again when it is repeated, and nothing is skipped.
    """
    return await store_read(pool, group, await read_batch(records, read), store, gate)


async def read_batch(records: Sequence[RawRecord], read: Callable[[RawRecord], T]) -> Batch[T]:
    """Read each record; set apart one for which `read` raises, whatever it raises: it would raise it again.

    Yields to other tasks in between, such as the one that writes the previous batch and mostly waits for PostgreSQL.
    """
    batch: Batch[T] = Batch(records, [], [])
    for number, record in enumerate(records, 1):
        if number % _READ_AT_ONCE == 0:
            await asyncio.sleep(0)
        if isinstance(record, UndecodableRecord):
            batch.bad.append(Unreadable(record, record.cause))
            continue
        try:
            batch.good.append(Read(record, read(record)))
        except UnreadableRecord as error:
            batch.bad.append(Unreadable(record, str(error)))
        except Exception as error:
            log.exception("record_not_foreseen", topic=record.topic, partition=record.partition, offset=record.offset)
            batch.bad.append(Unreadable(record, f"it cannot be read: {error!r}"))
    return batch


async def store_read(
    pool: Pool, group: str, batch: Batch[T], store: Store[T], gate: FloodGate | None = None
) -> list[T]:
    """Do the second half of `store_batch`."""
    return await _Storing(pool, group, batch, store, gate or FloodGate(known_open=True)).run()


class _Storing(Generic[T]):
    """One batch on its way into the database."""

    def __init__(self, pool: Pool, group: str, batch: Batch[T], store: Store[T], gate: FloodGate) -> None:
        self._pool = pool
        self._group = group
        self._batch = batch
        self._store = store
        self._gate = gate
        self._unreadable = {id(item.record) for item in batch.bad}
        self._kept: set[Place] = set()
        self._let_through = False

    async def run(self) -> list[T]:
        if self._batch.bad:
            await self._refuse_flood(self._batch.bad[-1])
        stored = await self._store_part(self._batch.good, self._batch.bad)
        if self._let_through:
            self._gate.forget()
        else:
            self._gate.remember(self._flags())
            await self._report_open()
        return stored

    def _flags(self) -> list[bool]:
        """Return for each of Kafka's records whether nothing of it can be read; one may come here in several parts."""
        flags: dict[Place, bool] = {}
        for record in self._batch.records:
            flags[_place(record)] = flags.get(_place(record), True) and id(record) in self._unreadable
        return list(flags.values())

    def _new(self, bad: Sequence[Unreadable]) -> list[Unreadable]:
        """Return the first of each of Kafka's records that is not kept yet: each is kept whole."""
        once = {_place(item.record): item for item in reversed(bad)}
        return [item for item in bad if once[_place(item.record)] is item and _place(item.record) not in self._kept]

    async def _refuse_flood(self, last: Unreadable) -> None:
        """Raise `Flooded` if too many are unreadable, unless an operator lets them through."""
        flood = None if self._let_through else self._gate.flooded_by(self._flags())
        if flood is None:
            return
        record, cause = last
        why = (
            f"{flood[0]} of the last {flood[1]} records cannot be read, for example offset {record.offset} of "
            f"partition {record.partition}: {cause}"
        )
        self._gate.known_open = False
        self._let_through = await self._pool.fetchval(
            Statement.REPORT_CONSUMER_PAUSED.text, self._group, record.topic, _text(why)
        )
        if not self._let_through:
            raise Flooded(why)
        log.warning("flood_let_through", group=self._group, topic=record.topic, records=len(self._batch.records))

    async def _report_open(self) -> None:
        if not self._gate.known_open:
            await self._pool.execute(Statement.REPORT_CONSUMER_RESUMED.text, self._group)
            self._gate.known_open = True

    async def _store_part(self, good: Sequence[Read[T]], bad: Sequence[Unreadable]) -> list[T]:
        """Store `good` and keep `bad` in one transaction; halve `good` if its data is to blame."""
        values, new = [item.value for item in good], self._new(bad)
        try:
            with consuming(self._group, [item.record for item in good]):
                async with self._pool.acquire() as connection, connection.transaction():
                    if values:
                        await self._store(connection, values)
                    await _keep_unreadable(connection, self._group, new)
        except UnknownRecords as error:
            return await self._set_aside(good, bad, error.causes)
        except _BLAMED as error:
            if not good:
                raise
            if len(good) == 1:
                return await self._blame(good[0].record, error, bad)
            middle = len(good) // 2
            stored = await self._store_part(good[:middle], bad)
            return stored + await self._store_part(good[middle:], [])
        self._kept |= {_place(item.record) for item in new}
        _unreadable_count(self._group, new)
        return values

    async def _set_aside(
        self, good: Sequence[Read[T]], bad: Sequence[Unreadable], causes: Mapping[int, str]
    ) -> list[T]:
        """Store `good` without the records that the database does not know, and keep those as unreadable.

        They do not count as a flood: somebody who forges records must not be able to stop the consumer.
        """
        unknown = [Unreadable(good[place].record, cause) for place, cause in causes.items()]
        backed = [item for place, item in enumerate(good) if place not in causes]
        return await self._store_part(backed, [*bad, *unknown])

    async def _blame(self, record: RawRecord, error: Exception, bad: Sequence[Unreadable]) -> list[T]:
        blamed = Unreadable(record, f"{_who(error)} refused it: {type(error).__name__}: {error}")
        self._unreadable.add(id(record))
        await self._refuse_flood(blamed)
        return await self._store_part([], [*bad, blamed])


def _place(record: RawRecord) -> Place:
    return record.topic, record.partition, record.offset


def _who(error: Exception) -> str:
    return "the database" if isinstance(error, DATA_ERRORS) else "what stores it"


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
        Statement.INSERT_UNREADABLE_RECORD.text,
        [
            (
                record.topic,
                record.partition,
                record.offset,
                next_offset(record) - 1,
                group,
                record.key,
                record.value,
                [_header(name, value) for name, value in record.headers],
                _text(cause),
                record_time(record),
            )
            for record, cause in bad
        ],
    )


def _header(name: str, value: object) -> list[str | None]:
    """Return name and value, the value in hex; and the name in hex as well if it is not printable."""
    shown = "".join(character if character.isprintable() else "\ufffd" for character in name)
    kept = [shown, value.hex() if isinstance(value, bytes) else None]
    return kept if shown == name else [*kept, name.encode("utf-8", "surrogateescape").hex()]


def _text(cause: str) -> str:
    # PostgreSQL's text takes no NUL, UTF-8 no half of a surrogate pair; a cause may quote what came.
    kept = cause.replace("\x00", "\\0").encode("utf-8", "backslashreplace").decode()
    return kept if len(kept) <= _LONGEST_CAUSE else f"{kept[:_LONGEST_CAUSE]}…"

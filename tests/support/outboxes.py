"""Helpers to read an outbox, and a Kafka that only keeps the records that it receives."""

from collections.abc import Sequence

from case_shared.database.leadership import Lease
from case_shared.database.postgres import Pool
from case_shared.kafka.outbox import Outbox
from case_shared.process.clock import SystemClock
from case_shared.words.events import Record


def a_lease(seconds: float = 60) -> Lease:
    """A lease that lasts this long, without a database."""
    clock = SystemClock()
    return Lease("outbox", 1, clock, clock.monotonic() + seconds)


async def waiting(pool: Pool, outbox: Outbox, limit: int = 10_000) -> list[Record]:
    """The records that would be sent now."""
    return [outbox.record_of(row) for row in await pool.fetch(outbox.read.text, limit)]


class Kept:
    """Replaces Kafka: accepts every record."""

    reaches_kafka = True

    def __init__(self) -> None:
        self.records: list[Record] = []

    async def send_each(self, records: Sequence[Record]) -> list[BaseException | None]:
        """Keep them."""
        self.records.extend(records)
        return [None] * len(records)

    async def close(self) -> None:
        """Nothing to close."""

"""The outbox: Kafka records that wait to be sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from case_shared.events import Headers
from case_shared.postgres import Pool, load_sql

_PACKAGE = "case_api.postgres"


class Waiting(NamedTuple):
    """A record that waits to be sent; its key is the Web Case ID."""

    id: int
    web_case_id: str
    topic: str
    value: bytes
    headers: Headers


class Measure(NamedTuple):
    """How many records wait, for how many seconds the oldest does, and how many of them Kafka refuses."""

    depth: int
    age_seconds: float
    refused: int


@dataclass(frozen=True, slots=True)
class Outbox:
    """Reads and deletes, each without a transaction around it."""

    pool: Pool

    async def read(self, limit: int) -> list[Waiting]:
        """The oldest records that may be sent now."""
        rows = await self.pool.fetch(load_sql(_PACKAGE, "read_outbox"), limit)
        return [
            Waiting(number, case, topic, value, [(name, text.encode()) for name, text in headers.items()])
            for number, case, topic, value, headers in rows
        ]

    async def delete(self, ids: Sequence[int]) -> None:
        """Delete what Kafka has acknowledged, and note that it was sent."""
        await self.pool.execute(load_sql(_PACKAGE, "delete_sent"), ids)

    async def keep_refused(self, number: int, refusal: str) -> None:
        """Set a record aside that Kafka refuses, until its next time."""
        await self.pool.execute(load_sql(_PACKAGE, "keep_refused"), number, refusal)

    async def measure(self) -> Measure:
        """How full it is."""
        row = await self.pool.fetchrow(load_sql(_PACKAGE, "measure_outbox"))
        assert row is not None
        return Measure(*row)

"""Table outbox: events that wait to be published."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from case_shared.events import Headers, Record
from case_shared.postgres import Connection, Pool
from status_sync.postgres import statement


class Waiting(NamedTuple):
    """An event that waits to be published; `topic` without the installation's prefix."""

    id: int
    topic: str
    key: bytes
    value: bytes
    headers: Headers


@dataclass(frozen=True)
class OutboxStore:
    """Appended to in the change's own transaction; read and emptied by the relay."""

    pool: Pool

    async def append(self, connection: Connection, records: Sequence[Record]) -> None:
        """Add `records` in the caller's transaction."""
        await connection.execute(
            statement("append_to_outbox"),
            [record.topic for record in records],
            [record.key for record in records],
            [record.value for record in records],
            [{name: value.decode() for name, value in record.headers} for record in records],
        )

    async def take(self, limit: int) -> Sequence[Waiting]:
        """The oldest events, in the order of their changes."""
        rows = await self.pool.fetch(statement("take_outbox"), limit)
        return [
            Waiting(**{**row, "headers": [(name, value.encode()) for name, value in row["headers"].items()]})
            for row in rows
        ]

    async def delete(self, ids: Sequence[int]) -> None:
        """Remove events that Kafka has."""
        await self.pool.execute(statement("delete_from_outbox"), ids)

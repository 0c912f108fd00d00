"""What the parts use: CPU and memory of their processes, bytes in PostgreSQL's tables, WAL and Kafka's topics."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.usage import cpu_seconds, memory_mib

SAMPLE_SECONDS = 2.0
_TABLES = """
SELECT n.nspname || '.' || c.relname AS name, pg_total_relation_size(c.oid) AS bytes
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname IN ('case_api', 'd365_sync', 'status_sync')
"""
_WAL = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"
_SEGMENT = re.compile(r"(?P<topic>.+)-\d+")


@dataclass(frozen=True)
class Used:
    """What was used up to a moment; by part, table and topic."""

    cpu_seconds: Mapping[str, float]
    wal_bytes: int
    table_bytes: Mapping[str, int]
    topic_bytes: Mapping[str, int]

    def since(self, before: "Used") -> "Used":
        """What was used after `before`."""
        return Used(
            _less(self.cpu_seconds, before.cpu_seconds),
            self.wal_bytes - before.wal_bytes,
            _less(self.table_bytes, before.table_bytes),
            _less(self.topic_bytes, before.topic_bytes),
        )


def _less(after: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value - before.get(name, 0) for name, value in after.items()}


@dataclass
class Meter:
    """Reads all of it; `pids` by part, `kafka` is the folder with Kafka's log."""

    pids: Mapping[str, int]
    connection: Any
    kafka: Path
    # The most memory of each part in each phase, in MiB.
    most: dict[str, dict[str, float]] = field(default_factory=dict)

    async def read(self) -> Used:
        """Return what was used until now."""
        tables = await self.connection.fetch(_TABLES)
        return Used(
            {name: cpu_seconds(pid) for name, pid in self.pids.items()},
            await self.connection.fetchval(_WAL),
            {row["name"]: row["bytes"] for row in tables},
            _topics(self.kafka),
        )

    @asynccontextmanager
    async def watching(self, phase: str) -> AsyncIterator[None]:
        """Note the most memory of each part during the block."""
        sampling = asyncio.create_task(self._sample(self.most.setdefault(phase, {})))
        try:
            yield
        finally:
            sampling.cancel()
            await asyncio.gather(sampling, return_exceptions=True)

    async def _sample(self, most: dict[str, float]) -> None:
        while True:
            for name, pid in self.pids.items():
                most[name] = max(most.get(name, 0.0), await asyncio.to_thread(memory_mib, pid))
            await asyncio.sleep(SAMPLE_SECONDS)


def _topics(folder: Path) -> dict[str, int]:
    """The bytes of each topic's records; Kafka's index files have a fixed size."""
    found: dict[str, int] = {}
    for partition in folder.iterdir():
        match = _SEGMENT.fullmatch(partition.name)
        if match and partition.is_dir() and not partition.name.startswith("__"):
            size = sum(segment.stat().st_size for segment in partition.glob("*.log"))
            found[match["topic"]] = found.get(match["topic"], 0) + size
    return found

"""Status changes on the full table as fast as status-sync's statement can, and whether autovacuum keeps up."""

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from benchmarks.search import BATCH, columns
from status_sync.postgres.statements import Statement

ROWS = 100_000
SAMPLE_SECONDS = 1.0
_ROWS = "SELECT * FROM case_api.cases WHERE read_began_at IS NOT NULL ORDER BY md5(web_case_id) LIMIT $1"
_STATISTICS = """
SELECT s.n_dead_tup AS dead, s.n_live_tup AS live, s.n_tup_upd AS updated, s.n_tup_hot_upd AS hot,
    s.autovacuum_count AS vacuums, pg_table_size(s.relid) AS heap_bytes, pg_indexes_size(s.relid) AS index_bytes
FROM pg_stat_user_tables AS s WHERE s.relid = 'case_api.cases'::regclass
"""
_STATUSES = ("in_process", "open", "closed", "canceled")


@dataclass(frozen=True)
class Vacuumed:
    """What the storm did to the table; changes per second in its first and last fifth."""

    seconds: float
    changes: int
    first_rate: float
    last_rate: float
    hot_share: float
    most_dead: int
    live: int
    vacuums: int
    heap_growth: float
    index_growth: float


async def storm(url: str, seconds: float) -> Vacuumed:
    """Change the statuses of random cases for so long."""
    connection: Any = await asyncpg.connect(url)
    watcher: Any = await asyncpg.connect(url)
    try:
        rows = [dict(row) for row in await connection.fetch(_ROWS, ROWS)]
        await connection.execute("SET search_path TO status_sync, public")
        before = await watcher.fetchrow(_STATISTICS)
        dead: list[int] = []
        sampling = asyncio.create_task(_sample(watcher, dead))
        try:
            done = await _change(connection, rows, seconds)
        finally:
            sampling.cancel()
            await asyncio.gather(sampling, return_exceptions=True)
        after = await watcher.fetchrow(_STATISTICS)
    finally:
        await connection.close()
        await watcher.close()
    fifth = seconds / 5
    updated = after["updated"] - before["updated"]
    return Vacuumed(
        seconds=seconds,
        changes=sum(size for _, size in done),
        first_rate=sum(size for at, size in done if at <= fifth) / fifth,
        last_rate=sum(size for at, size in done if at > seconds - fifth) / fifth,
        hot_share=(after["hot"] - before["hot"]) / max(1, updated),
        most_dead=max([after["dead"], *dead]),
        live=after["live"],
        vacuums=after["vacuums"] - before["vacuums"],
        heap_growth=after["heap_bytes"] / before["heap_bytes"] - 1,
        index_growth=after["index_bytes"] / before["index_bytes"] - 1,
    )


async def _sample(watcher: Any, dead: list[int]) -> None:
    while True:
        dead.append((await watcher.fetchrow(_STATISTICS))["dead"])
        await asyncio.sleep(SAMPLE_SECONDS)


async def _change(connection: Any, rows: list[dict[str, Any]], seconds: float) -> list[tuple[float, int]]:
    """Return when each batch was done, and how many changes it had."""
    draw, began, done = random.Random(1), time.perf_counter(), []
    while (now := time.perf_counter() - began) < seconds:
        batch = sorted(draw.sample(rows, min(BATCH, len(rows))), key=lambda row: str(row["web_case_id"]))
        changes = columns([(row, draw.choice(_STATUSES)) for row in batch])
        await connection.fetch(Statement.UPDATE_FROM_READ.text, datetime.now(UTC), *changes)
        done.append((now, len(batch)))
    return done

"""D365's own books, read from the sandbox's file, and what the document queue says in the end."""

import asyncio
import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from tests.chaos.world import World

_LOOK_SECONDS = 1.0
_NEWEST = "SELECT coalesce(max(rec_id), 0) FROM CaseDetailBase"
_EACH = "SELECT WebCaseId, count(*) FROM CaseDetailBase WHERE WebCaseId <> '' GROUP BY WebCaseId"
_OPEN = """
SELECT count(*) FROM d365_sync.documents WHERE state IN ('pending', 'delivering', 'verifying', 'deferred')
"""
_DEAD = "SELECT web_case_id, submission_no, cause, reason FROM d365_sync.documents WHERE state = 'failed'"
# Acknowledged, and nothing of it in the document queue yet: case-api sends it again.
_NO_DOCUMENT = """
SELECT count(*) FROM case_api.submissions AS s
WHERE NOT EXISTS (SELECT FROM d365_sync.documents AS d WHERE d.web_case_id = s.web_case_id)
"""


@dataclass
class Books:
    """D365's cases; `arrived`: how many records it got since `keep` began, counted by their numbers, once a second."""

    file: Path
    arrived: int = 0

    async def keep(self) -> None:
        """Count until canceled."""
        first = await self.newest()
        while True:
            self.arrived = max(self.arrived, await self.newest() - first)
            await asyncio.sleep(_LOOK_SECONDS)

    async def newest(self) -> int:
        """The number of D365's newest record, which rises with each case; 0 if the file is busy for too long."""
        return await asyncio.to_thread(self._newest)

    async def each(self) -> dict[str, int]:
        """How many cases D365 has for each Web Case ID."""
        return dict(await asyncio.to_thread(self._read, _EACH))

    def _newest(self) -> int:
        try:
            [(number,)] = self._read(_NEWEST)
        except sqlite3.OperationalError:
            return 0
        return int(number)

    def _read(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=20)) as books:
            return books.execute(statement).fetchall()


@dataclass(frozen=True)
class Verdict:
    """What became of the submissions; `adds_up` is the service's own ledger."""

    acknowledged: int
    in_d365: int
    lost: Collection[str]
    doubled: Collection[str]
    unasked: Collection[str]
    dead: Collection[str]
    adds_up: bool

    @property
    def kept(self) -> bool:
        """Whether every promise was kept; a dead letter breaks none, for an operator sees it."""
        return not self.lost and not self.doubled and not self.unasked and self.adds_up


async def waiting(world: World) -> int:
    """How many submissions are on their way to D365."""
    connection = await asyncpg.connect(world.superuser_url, timeout=5)
    try:
        counts = [await connection.fetchval(statement) for statement in (_OPEN, _NO_DOCUMENT)]
    finally:
        await connection.close()
    return int(sum(counts))


async def judge(world: World, books: Books, acknowledged: set[str], unknown: set[str]) -> Verdict:
    """Compare what clients know with D365's books."""
    each = await books.each()
    connection = await asyncpg.connect(world.superuser_url, timeout=5)
    try:
        dead = {row["web_case_id"]: dict(row) for row in await connection.fetch(_DEAD)}
    finally:
        await connection.close()
    absent = acknowledged - each.keys()
    return Verdict(
        acknowledged=len(acknowledged),
        in_d365=len(each),
        lost=sorted(absent - dead.keys()),
        doubled=sorted(name for name, count in each.items() if count > 1),
        unasked=sorted(each.keys() - acknowledged - unknown),
        dead=[str(one) for one in dead.values()],
        adds_up=await adds_up(world),
    )


async def adds_up(world: World) -> bool:
    """What the service's own ledger says; each delivered case must have its Case ID in the read model."""
    headers = {"Authorization": f"Bearer {world.token('checker')}"}
    url = f"{world.service_url('d365-sync-1')}/v1/ledger"
    limit = aiohttp.ClientTimeout(total=120)
    async with world.session.get(
        url, headers=headers, params={"older_than_seconds": "0", "d365": "False"}, timeout=limit
    ) as answer:
        answer.raise_for_status()
        found: bool = (await answer.json())["adds_up"]
        return found

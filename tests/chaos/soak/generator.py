"""Submits drafts as fast as the system takes them, each until it has an answer; records what was acknowledged."""

import asyncio
from dataclasses import dataclass, field
from itertools import cycle

import aiohttp
import asyncpg

from tests.chaos.soak.ledger import Books
from tests.chaos.world import World
from tests.support import drafts

CLIENTS = 48
_DRAFTS_AT_ONCE = 2000
_DRAFTS_READY = 4000
_REQUEST_SECONDS = 3.0
_PAUSE_SECONDS = 0.25
_LOOK_SECONDS = 0.5
_TOKEN_MINUTES = 600
_TRIES_AFTER_THE_END = 100
_AWAY = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass
class Generator:
    """`wanted` submissions; no more than `ahead` wait for D365 at a time."""

    world: World
    books: Books
    wanted: int
    ahead: int
    acknowledged: set[str] = field(default_factory=set)
    # Requested, and no answer came until the end: D365 may have them.
    unknown: set[str] = field(default_factory=set)
    surprises: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._ready: asyncio.Queue[tuple[str, str]] = asyncio.Queue(_DRAFTS_READY)
        self._replicas = cycle(self.world.portal_urls)
        self._headers = {
            dealer: {"Authorization": f"Bearer {self.world.token(dealer, dealer, minutes=_TOKEN_MINUTES)}"}
            for dealer in self.world.dealers
        }
        self._given_out = 0

    async def run(self) -> None:
        """Submit until all are acknowledged, or `over` is set; what is under way then gets its answer."""
        supplying = asyncio.create_task(self._supply())
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(CLIENTS):
                    group.create_task(self._client())
        finally:
            self.over.set()
            supplying.cancel()
            await asyncio.gather(supplying, return_exceptions=True)

    async def _supply(self) -> None:
        """Keep drafts ready; a dealer typed them long ago."""
        while True:
            try:
                connection = await asyncpg.connect(self.world.superuser_url, timeout=5)
                try:
                    made = await drafts.insert_for(
                        connection, self.world.dealers, _DRAFTS_AT_ONCE, self.world.categories[0]
                    )
                finally:
                    await connection.close(timeout=5)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            for draft in made:
                await self._ready.put(draft)

    async def _client(self) -> None:
        while not self.over.is_set() and self._given_out < self.wanted:
            draft = await self._next()
            if draft is not None:
                await self._submit(*draft)

    async def _next(self) -> tuple[str, str] | None:
        """The next draft; None if there is none for a moment, or if enough submissions wait for D365."""
        if len(self.acknowledged) - self.books.arrived > self.ahead:
            await asyncio.sleep(_LOOK_SECONDS)
            return None
        self._given_out += 1
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                return await self._ready.get()
        except TimeoutError:
            self._given_out -= 1
            return None

    async def _submit(self, name: str, dealer: str) -> None:
        """Submit until the answer is 202, or the time for it is up, a while after the end."""
        path = f"/v1/dealers/{dealer}/cases/{name}/submission"
        headers = {**self._headers[dealer], "If-Match": '"1"'}
        self.unknown.add(name)
        tries_after_the_end = 0
        while tries_after_the_end < _TRIES_AFTER_THE_END:
            tries_after_the_end += self.over.is_set()
            status, text = await self._ask(next(self._replicas) + path, headers)
            if status == 202:
                self.acknowledged.add(name)
                self.unknown.discard(name)
                return
            if 400 <= status < 500 and status not in {409, 429}:
                self.surprises.append(f"{name}: {status} {text[:200]}")
                return
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask(self, url: str, headers: dict[str, str]) -> tuple[int, str]:
        limit = aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
        try:
            async with self.world.session.post(url, headers=headers, timeout=limit) as answer:
                return answer.status, await answer.text()
        except _AWAY as error:
            return 0, repr(error)

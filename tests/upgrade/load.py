"""What goes on during an upgrade: submissions, searches, live streams, pages, operators' actions, changes in D365."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx2

from tests.chaos.clients import Answer, Clerk, Operator, Portal, every
from tests.chaos.history import History, Outcome
from tests.chaos.run import new_ticket, settled, visit
from tests.chaos.world import World
from tests.integration.portal_web.conftest import Browser
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.sse import Watcher
from tests.upgrade.fleet import Fleet

_SUBMIT_SECONDS = 0.3 * PATIENCE
_LOOK_SECONDS = 1.5 * PATIENCE
# As patient as people and proxies: a slow answer is an answer.
_REQUEST_SECONDS = 30.0
_SORTS = ("-created_at", "status", "-updated_at", "case_id")
# What the users of the development identity provider look at. The console's first page of 0.1.0 cannot read the flow as
# 0.2.0 answers it (docs/upgrade.md); from 0.2.0 on, answers only grow.
_PAGES = {"dana": "/dealers/usmf-us-001/cases", "olga": "/console/documents"}


@dataclass
class Searcher:
    """Searches and turns pages; a cursor that another release refuses means that one begins again (the changelog)."""

    portal: Portal
    begun_again: int = 0

    async def search(self) -> None:
        """Find one case by its ID, and turn a page of a sorted list."""
        dealer, rng = self.portal.dealer, self.portal.rng
        own = [one.web_case_id for one in self.portal.history.tickets.values() if one.dealer == dealer]
        if known := [web_case_id for web_case_id in own if web_case_id]:
            wanted = rng.choice(known)
            answer = await self.portal.ask("GET", "/cases", params={"q": wanted, "counts": "true"})
            self._check(f"search for {wanted}", answer, [wanted])
        await self.all({"sort": rng.choice(_SORTS), "limit": "5"}, pages=2)

    async def all(self, parameters: Mapping[str, str], pages: int = 100) -> list[dict[str, Any]]:
        """A list, page after page; the first page twice if a release refuses the other's cursor."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        for _ in range(pages):
            answer = await self.portal.insist("GET", "/cases", params={**parameters, **cursor})
            if answer.status == 422 and cursor:
                self.begun_again += 1
                found, cursor = [], {}
                continue
            self._check(f"list {parameters}", answer, None)
            if answer.status != 200:
                break
            found += answer.body["items"]
            if answer.body["next"] is None:
                break
            cursor = {"cursor": answer.body["next"]}
        return found

    def _check(self, what: str, answer: Answer, expected: list[str] | None) -> None:
        """Record what is wrong, unless it was recorded as a failed request."""
        if answer.status == 0 or answer.status >= 500:
            return
        if answer.status != 200:
            self.portal.history.surprises.append(f"{what}: {answer.status} {answer.body}")
        elif expected is not None and [case["web_case_id"] for case in answer.body["items"]] != expected:
            self.portal.history.surprises.append(f"{what}: {answer.body}")


@dataclass
class Listener:
    """A page that shows a dealer's cases live; where its stream ends it goes on at any replica, by its last ID."""

    searcher: Searcher
    shown: dict[str, str] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    _last_id: str | None = None

    async def listen(self) -> None:
        """Watch until canceled."""
        portal = self.searcher.portal
        limit = aiohttp.ClientTimeout(total=None, sock_read=30)
        while True:
            url = f"{portal.replica()}/v1/dealers/{portal.dealer}/cases/stream"
            headers = {"Authorization": f"Bearer {portal.world.token('viewer', portal.dealer)}"}
            if self._last_id:
                headers["Last-Event-ID"] = self._last_id
            try:
                async with portal.world.session.get(url, headers=headers, timeout=limit) as response:
                    failed = Answer.of(response, None).failed
                    portal.history.answered(f"GET {url}", response.status, "", failed=failed)
                    if response.status == 200:
                        await self._follow(response)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                portal.history.answered(f"GET {url}", 0, repr(error), failed=True)
            await asyncio.sleep(0.5)

    async def _follow(self, response: aiohttp.ClientResponse) -> None:
        """Take everything that a stream says, until it ends; the list is loaded once the first one is open."""
        self.seen["streams"] += 1
        watcher = Watcher(response, last_id=self._last_id)
        reading = asyncio.create_task(watcher.read())
        try:
            if self._last_id is None:
                await self._load()
            while True:
                over = watcher.closed
                new, watcher.events = watcher.events, []
                for event in new:
                    await self._take(event.name, event.data)
                self._last_id = watcher.last_id
                if over:
                    return
                await asyncio.sleep(0.1)
        finally:
            reading.cancel()

    async def _take(self, name: str, data: Mapping[str, Any]) -> None:
        self.seen[name] += 1
        if name == "case":
            self.shown[data["web_case_id"]] = data["status"]
        elif name == "resync":
            await self._load()

    async def _load(self) -> None:
        cases = await self.searcher.all({"limit": "100"})
        self.shown |= {case["web_case_id"]: case["status"] for case in cases}

    async def differences(self) -> list[str]:
        """Delivered cases whose status the page does not show, although the list has it."""
        cases = await self.searcher.all({"limit": "100"})
        return [
            f"{case['web_case_id']}: list {case['status']}, page {self.shown.get(case['web_case_id'])}"
            for case in cases
            if case["case_id"] and self.shown.get(case["web_case_id"]) != case["status"]
        ]


@dataclass
class Visitor:
    """A signed-in user who opens the same page again and again, each time at another replica."""

    http: httpx2.AsyncClient
    page: str
    history: History

    async def open(self) -> None:
        """Open it once. To have to sign in again counts as a failure."""
        request = f"GET {self.page} of the portal"
        try:
            answer = await self.http.get(self.page)
        except httpx2.TransportError as error:
            self.history.answered(request, 0, repr(error), failed=True)
        else:
            busy = answer.status_code == 503 and "Retry-After" in answer.headers
            failed = answer.status_code != 200 and not busy
            why = answer.headers.get("location", answer.text)
            self.history.answered(request, answer.status_code, why, failed=failed)


@dataclass
class Load:
    """All of it; one history from the beginning to the end, so that old cases are judged again and again."""

    world: World
    history: History
    listeners: list[Listener]
    visitors: list[Visitor]
    _rng: random.Random = field(default_factory=lambda: random.Random("upgrade"))

    def __post_init__(self) -> None:
        self._operator = Operator(self.world, self.history, self._rng, _REQUEST_SECONDS)
        self._clerk = Clerk(self.world, self.history, self._rng)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Let it go on for the block; what was begun is finished after it."""
        over = asyncio.Event()
        searchers = [listener.searcher for listener in self.listeners]
        tasks = [
            asyncio.create_task(every(0.7, self._clerk.move_one, over)),
            asyncio.create_task(every(1.5, self._operator.work, over)),
            *(asyncio.create_task(every(0.5, visitor.open, over)) for visitor in self.visitors),
            *(asyncio.create_task(every(_LOOK_SECONDS, visit(one.portal, self.history), over)) for one in searchers),
            *(asyncio.create_task(every(_LOOK_SECONDS, one.search, over)) for one in searchers),
            asyncio.create_task(self._submit([one.portal for one in searchers], over)),
        ]
        try:
            yield
        finally:
            over.set()
            await asyncio.gather(*tasks)

    async def _submit(self, portals: list[Portal], over: asyncio.Event) -> None:
        """Begin a case every moment, whatever the others do."""
        async with asyncio.TaskGroup() as group:

            async def one_more() -> None:
                portal = self._rng.choice(portals)
                clicks, edited = 2 if self._rng.random() < 0.15 else 1, self._rng.random() < 0.15
                ticket = new_ticket(self.history, self._rng, portal.dealer)
                group.create_task(portal.take(ticket, clicks=clicks, edited=edited))

            await every(_SUBMIT_SECONDS, one_more, over)

    async def judge(self, when: str) -> None:
        """Nothing is lost, doubled or shown wrongly, and no request failed so far."""
        violations, waited = await settled(self.world, self.history)
        submitted = sum(one.submission is Outcome.OK for one in self.history.tickets.values())
        seen: Counter[str] = sum((listener.seen for listener in self.listeners), Counter())
        begun_again = sum(listener.searcher.begun_again for listener in self.listeners)
        print(
            f"{when}: {submitted} submitted, {self.history.requests} requests, {len(self.history.failures)} failed,"
            f" {len(violations)} broken promises, settled after {waited:.1f} s; streams {dict(seen)},"
            f" {begun_again} lists begun again",
            flush=True,
        )
        assert not violations, "\n".join(f"{one.kind}: {one.web_case_id} {one.detail}" for one in violations[:20])
        assert not self.history.failures, "\n".join(self.history.failures[:20])
        for listener in self.listeners:
            await eventually(listener.differences, lambda found: not found, within_seconds=20, every_seconds=0.5)


@asynccontextmanager
async def load(world: World, fleet: Fleet) -> AsyncIterator[Load]:
    """The load on a fleet: everybody signed in, streams open, nothing submitted yet."""
    world.history = history = History(seed=1)
    portals = [Portal(world, history, dealer, random.Random(dealer), _REQUEST_SECONDS) for dealer in world.dealers]
    listeners = [Listener(Searcher(portal)) for portal in portals]
    async with AsyncExitStack() as stack:
        visitors = []
        for user, page in _PAGES.items():
            # No connection is used again, so that each request may come to another replica.
            limits = httpx2.Limits(max_keepalive_connections=0)
            client = httpx2.AsyncClient(
                base_url=fleet.portal_url, headers={"Origin": fleet.portal_url}, limits=limits, timeout=_REQUEST_SECONDS
            )
            http = await stack.enter_async_context(client)
            arrived = await Browser(http).sign_in(user, page)
            assert (arrived.status_code, arrived.url.path) == (200, page), arrived.text[:500]
            visitors.append(Visitor(http, page, history))
        streams = [asyncio.create_task(listener.listen()) for listener in listeners]
        try:
            yield Load(world, history, listeners, visitors)
        finally:
            for stream in streams:
                stream.cancel()
            await asyncio.gather(*streams, return_exceptions=True)

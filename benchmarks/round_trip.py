"""From click to D365 and back: every part as it runs, D365 answers at once; a click, and later a change in D365.

Both come at a steady rate. The hops in between come from what each part wrote: Kafka's records and D365's log.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import aiohttp

from benchmarks.clicks import Clicks, Times, at, at_rate, delays
from benchmarks.measure import Benchmark, Figures, Goal, World
from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED
from tests.support import drafts
from tests.support.brokers import Broker
from tests.support.eventually import eventually
from tests.support.replicas import Fleet, fleet
from tests.support.sandbox import Sandbox, started

RATE_PER_SECOND = 20
WARM_UP_SECONDS = 3
# So long that a poll of D365 falls into it, as into every minute of production.
TIMES_AS_LONG = 15
CATEGORY, CATEGORY_TYPE = "Warranty", "Service"
EVENTS = "d365.case-events.v1"
SLOWEST = 5
# Everything else as a deployment has it.
SETTINGS = {"RATE_LIMIT_USER_PER_MINUTE": "0", "LOG_LEVEL": "WARNING"}
NO_END = aiohttp.ClientTimeout(total=None)


@dataclass
class Seen:
    """When each case (by Web Case ID, in Unix seconds) was first shown in a stream with its Case ID, and changed."""

    named: Times = field(default_factory=dict)
    changed: Times = field(default_factory=dict)
    case_ids: dict[str, str] = field(default_factory=dict)

    def note(self, case: Mapping[str, Any]) -> None:
        """Note what an event shows."""
        now, name = time.time(), case["web_case_id"]
        if case["case_id"]:
            self.named.setdefault(name, now)
            self.case_ids[name] = case["case_id"]
        if case["status"] == "in_process":
            self.changed.setdefault(name, now)


async def play(world: World) -> Figures:
    """Play the only round: clicks, then changes."""
    folder = world.folder / f"round-trip-{uuid4().hex[:8]}"
    folder.mkdir()
    async with AsyncExitStack() as stack:
        prefix = f"{folder.name}."
        settings = {"kafka_topic_prefix": prefix, "kafka_group_prefix": prefix}
        broker = Broker(world.broker.settings.model_copy(update=settings))
        kafka = {
            "kafka_bootstrap_servers": broker.settings.kafka_bootstrap_servers,
            "events_topic": f"{prefix}{EVENTS}",
            "request_log_size": "100000",
        }
        d365 = await stack.enter_async_context(started(folder, **kafka))
        parts = await stack.enter_async_context(fleet(world.database, broker, d365, folder, SETTINGS))
        api, *_ = await asyncio.gather(*(parts.start(name) for name in ("case_api", "d365_sync", "status_sync")))
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=NO_END))
        dealers = await eventually(lambda: known_dealers(parts), within_seconds=30)
        headers = {"Authorization": f"Bearer {parts.token(*dealers)}"}
        trip = Trip(world, parts, d365, Clicks(api.url, session, lambda _: headers))
        return await trip.measured(dealers)


async def known_dealers(parts: Fleet) -> list[str]:
    """The dealers, once status-sync has read them and the categories; before that, none."""
    async with parts.database.connect() as connection:
        ready = await connection.fetchval("SELECT count(DISTINCT data_area_id) > 1 FROM status_sync.categories")
        rows = await connection.fetch("SELECT dealer FROM status_sync.dealers ORDER BY dealer")
    return [row["dealer"] for row in rows] if ready else []


@dataclass
class Trip:
    """One running system, and its clients."""

    world: World
    parts: Fleet
    d365: Sandbox
    clicks: Clicks
    seen: Seen = field(default_factory=Seen)
    moved: Times = field(default_factory=dict)

    async def measured(self, dealers: list[str]) -> Figures:
        """Return every figure, in ms."""
        warm_up, seconds = RATE_PER_SECOND * WARM_UP_SECONDS, self.world.seconds * TIMES_AS_LONG
        count = warm_up + int(RATE_PER_SECOND * seconds)
        connection = await self.world.superuser()
        cases = await drafts.insert_for(connection, dealers, count, CATEGORY, CATEGORY_TYPE)
        await connection.close()
        opened = asyncio.Semaphore(0)
        streams = [asyncio.create_task(self._listen(dealer, opened)) for dealer in dealers]
        for _ in streams:
            await opened.acquire()
        try:
            await at_rate(self.clicks.submit, cases, RATE_PER_SECOND)
            await eventually(lambda: _all(self.seen.named, self.clicks.clicked), within_seconds=30)
            await at_rate(self._move, cases, RATE_PER_SECOND)
            await eventually(lambda: _all(self.seen.changed, self.moved), within_seconds=30)
        finally:
            for stream in streams:
                stream.cancel()
            await asyncio.gather(*streams, return_exceptions=True)
        return await self._figures({name for name, _ in cases[warm_up:]})

    async def _listen(self, dealer: str, opened: asyncio.Semaphore) -> None:
        url = f"{self.clicks.url}/v1/dealers/{dealer}/cases/stream"
        async with self.clicks.session.get(url, headers=self.clicks.headers_of(dealer)) as answer:
            assert answer.status == 200, await answer.text()
            async for line in answer.content:
                if line.startswith(b"retry:"):
                    opened.release()
                elif line.startswith(b'data: {"web_case_id"'):
                    self.seen.note(json.loads(line[6:]))

    async def _move(self, name: str, dealer: str) -> None:
        self.moved[name] = time.time()
        await self.d365.move(dealer.partition("-")[0], self.seen.case_ids[name], "InProcess")

    async def _figures(self, measured: set[str]) -> Figures:
        """Return the stages, which have goals, and the hops that they consist of."""
        posted, records = await self._posts(), {topic: await self._written(topic) for topic in _FIRST}
        submitted, delivered, shown = (records[topic] for topic in (CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED))
        announced = await self._written(EVENTS, since=min(self.moved.values()))
        reread = await self._written(CASE_STATUS_CHANGED, since=min(self.moved.values()))
        spans: list[tuple[str, Times, Times]] = [
            ("click → 202", self.clicks.clicked, self.clicks.answered),
            ("click → POST at D365", self.clicks.clicked, posted),
            ("click → Case ID in the stream", self.clicks.clicked, self.seen.named),
            ("change in D365 → stream", self.moved, self.seen.changed),
            ("hop: click → case.submitted", self.clicks.clicked, submitted),
            ("hop: case.submitted → POST", submitted, posted),
            ("hop: POST → case.delivery", posted, delivered),
            ("hop: case.delivery → stream", delivered, self.seen.named),
            ("hop: POST → case.status-changed", posted, shown),
            ("hop: change → D365's event", self.moved, announced),
            ("hop: D365's event → case.status-changed", announced, reread),
            ("hop: case.status-changed → stream", reread, self.seen.changed),
        ]
        figures: dict[str, float] = {}
        for name, begins, ends in spans:
            taken = delays(measured, begins, ends)
            figures |= {f"{name} p50 ms": at(taken, 0.5), f"{name} p99 ms": at(taken, 0.99)}
        ways = {"202": self.clicks.answered, "submitted": submitted, "POST": posted, "delivery": delivered}
        _show_slowest(measured, self.clicks.clicked, {**ways, "status-changed": shown, "stream": self.seen.named})
        _show_slowest(measured, self.moved, {"event": announced, "status-changed": reread, "stream": self.seen.changed})
        shown_late = len(measured - self.seen.named.keys()) + len(measured - self.seen.changed.keys())
        return {**figures, "not shown": shown_late}

    async def _posts(self) -> Times:
        """When D365 got each case."""
        log = (await self.d365.control("GET", "/requests?limit=100000"))["items"]
        creations = [one for one in log if one["method"] == "POST" and one["entity_set"] == "DealerPortalCases"]
        return {
            json.loads(one["body"])["WebCaseId"]: datetime.fromisoformat(one["started_at"]).timestamp()
            for one in reversed(creations)
        }

    async def _written(self, topic: str, since: float = 0) -> Times:
        """When the first record of each case was written after `since`; of deliveries, the one that says so."""
        found: Times = {}
        for record in await self.parts.broker.read_all(topic):
            value = json.loads(record.value)
            name = value.get("web_case_id") or value.get("WebCaseId")
            if record.timestamp / 1000 >= since and value.get("state", "delivered") == "delivered":
                found[name] = min(found.get(name, record.timestamp / 1000), record.timestamp / 1000)
        return found


_FIRST = (CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED)


def _show_slowest(measured: set[str], begins: Times, ways: Mapping[str, Times]) -> None:
    """Print where the slowest few were after how many milliseconds."""
    last = list(ways.values())[-1]
    slowest = sorted(measured & begins.keys() & last.keys(), key=lambda one: begins[one] - last[one])[:SLOWEST]
    for name in slowest:
        passed = [f"{way} {(times[name] - begins[name]) * 1000:.0f}" for way, times in ways.items() if name in times]
        print(f"slow: {name} {', '.join(passed)} ms", file=sys.stderr)


async def _all(seen: Times, expected: Times) -> bool:
    return seen.keys() >= expected.keys()


BENCHMARK = Benchmark(
    "round-trip",
    play,
    (
        Goal("click → POST at D365 p50 ms", at_most=25),
        Goal("click → POST at D365 p99 ms", at_most=150),
        Goal("click → Case ID in the stream p50 ms", at_most=100),
        Goal("click → Case ID in the stream p99 ms", at_most=400),
        Goal("change in D365 → stream p50 ms", at_most=50),
        Goal("change in D365 → stream p99 ms", at_most=250),
        Goal("not shown", at_most=0),
    ),
    once=True,
)

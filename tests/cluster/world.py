"""Casebridge on a cluster, under a load that goes on whatever happens to the brokers, and what is judged of it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp

from case_shared.kafka.topics import topic_name
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.kafka_cluster import Cluster
from tests.support.patience import PATIENCE
from tests.support.portal import Portal
from tests.support.processes import Process
from tests.support.replicas import TOPICS, Fleet
from tests.support.sandbox import Sandbox

LONGEST_STALL_SECONDS = 15 * PATIENCE
_EVERY_SECONDS = 0.2


@dataclass
class Load:
    """When each case was submitted, when its Case ID was seen, and from when on Kafka could serve again."""

    submitted: dict[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)
    healed_at: float = 0.0

    def heals_now(self) -> None:
        """Kafka could serve nobody until now: stalls are counted from here."""
        self.healed_at = time.monotonic()

    async def goes_on(self, seconds: float) -> None:
        """Let so much time pass under load."""
        await asyncio.sleep(seconds)

    @property
    def stall_seconds(self) -> float:
        """The longest way of a case to its Case ID."""
        return max(self.seen[case] - max(at, self.healed_at) for case, at in self.submitted.items())


@dataclass
class World:
    """All that a test strikes and asks."""

    cluster: Cluster
    broker: Broker
    database: Database
    d365: Sandbox
    fleet: Fleet
    dealer: Portal

    @property
    def topics(self) -> list[str]:
        """The topics' full names."""
        return [topic_name(self.broker.settings, topic) for topic in TOPICS]

    @asynccontextmanager
    async def under_load(self, what: str) -> AsyncIterator[Load]:
        """Submit a case every fifth of a second during the block; then nothing is lost, doubled, late or an error."""
        load, ends, before = Load(), asyncio.Event(), self._read_logs()
        tasks = [asyncio.create_task(work(load, ends)) for work in (self._submit, self._watch)]
        try:
            yield load
            ends.set()
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        print(f"\n{what}: {len(load.submitted)} cases, longest stall {load.stall_seconds:.1f} s")
        await self._judge(load, before)

    async def _submit(self, load: Load, ends: asyncio.Event) -> None:
        while not ends.is_set():
            web_case_id = await self.dealer.submit()
            load.submitted[web_case_id] = time.monotonic()
            await asyncio.sleep(_EVERY_SECONDS)

    async def _watch(self, load: Load, ends: asyncio.Event) -> None:
        """Note when case-api shows the Case ID of each case, until it shows all."""
        deadline = None
        async with self.database.connect() as connection:
            while not (ends.is_set() and load.submitted.keys() <= load.seen.keys()):
                rows = await connection.fetch(
                    "SELECT web_case_id FROM case_api.submission_states WHERE case_id IS NOT NULL"
                )
                now = time.monotonic()
                for row in rows:
                    load.seen.setdefault(row["web_case_id"], now)
                if ends.is_set():
                    deadline = deadline or now + 4 * LONGEST_STALL_SECONDS
                    assert now < deadline, f"lost: {sorted(load.submitted.keys() - load.seen.keys())[:10]}"
                await asyncio.sleep(_EVERY_SECONDS)

    async def _judge(self, load: Load, before: Mapping[Path, int]) -> None:
        books = [case["WebCaseId"] for case in await self.d365.cases() if case["WebCaseId"]]
        doubled = len(books) - len(set(books))
        lost = set(self.dealer.submitted) - set(books)
        assert (len(lost), doubled) == (0, 0)
        assert load.stall_seconds <= LONGEST_STALL_SECONDS
        for process in self.fleet.processes:
            await eventually(partial(_reasons, process), lambda found: not found, within_seconds=30)
        assert self._errors_since(before) == []

    def _read_logs(self) -> dict[Path, int]:
        return {process.log: process.log.stat().st_size for process in self.fleet.processes}

    def _errors_since(self, before: Mapping[Path, int]) -> list[str]:
        found = []
        for log, size in before.items():
            for line in log.read_bytes()[size:].decode(errors="replace").splitlines():
                try:
                    level = json.loads(line).get("level")
                except ValueError:
                    level = "not a line of JSON"
                if level not in {"debug", "info", "warning"}:
                    found.append(f"{log.name}: {line[:600]}")
        return found


async def _reasons(process: Process) -> str:
    """Why the service is not ready, or what of it does not move."""
    async with aiohttp.ClientSession() as session, session.get(f"{process.url}/readyz") as answer:
        reasons = (await answer.json()).get("reasons", {})
        return "" if answer.status == 200 and not reasons else f"{answer.status} {reasons}"

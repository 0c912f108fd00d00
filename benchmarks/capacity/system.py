"""One replica of each service on its own PostgreSQL and Kafka, with a million cases, and its clients."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from benchmarks.capacity.usage import Meter
from benchmarks.clicks import Clicks
from case_shared.kafka.connection import KafkaSettings
from casebridge import servers
from tests.support import databases, issuer, many_cases
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.progress import Progress
from tests.support.replicas import Fleet, fleet
from tests.support.sandbox import Sandbox, started

SHARED_BUFFERS = "1GB"
SERVICES = ("case_api", "d365_sync", "status_sync")
COMPANIES = 2
_DAY_SECONDS = 86_400
_NO_END = aiohttp.ClientTimeout(total=None)
_TOKEN_SECONDS = 6 * 3600
_COUNTS = """
SELECT count(*) FILTER (WHERE state = 'delivered') AS delivered,
    count(*) FILTER (WHERE state IN ('pending', 'delivering', 'verifying', 'deferred')) AS waiting,
    count(*) FILTER (WHERE state = 'failed') AS failed
FROM d365_sync.documents
"""
# The daily sweep would look for the million cases, which this D365 does not have.
_SWEPT = "INSERT INTO status_sync.sync_state (name, done_at) VALUES ('sweep', now())"


@dataclass(frozen=True)
class Plan:
    """What is asked for."""

    minutes: float
    rate: float
    waiting: int
    cases: int
    dealers: int

    @property
    def retention_seconds(self) -> float:
        """How long content is kept: so short that retention works during the run."""
        return self.minutes * 60 / 2


@dataclass
class System:
    """The running system."""

    plan: Plan
    database: Database
    connection: Any
    d365: Sandbox
    clicks: Clicks
    meter: Meter
    dealers: list[str]

    async def counts(self) -> dict[str, int]:
        """How many documents are delivered, waiting and failed."""
        return await counted(self.connection)

    async def pause(self, *, paused: bool) -> None:
        """Pause or resume delivery, as an operator does."""
        await self.connection.execute("UPDATE d365_sync.delivery_control SET paused = $1", paused)

    async def until_delivered(self, within_seconds: float) -> None:
        """Wait until no document waits."""
        await eventually(
            self.counts, lambda counts: not counts["waiting"], within_seconds=within_seconds, every_seconds=1
        )


async def counted(connection: Any) -> dict[str, int]:
    """How many documents are delivered, waiting and failed."""
    return dict(await connection.fetchrow(_COUNTS))


@asynccontextmanager
async def running(plan: Plan, folder: Path, progress: Progress) -> AsyncIterator[System]:
    """Run everything in `folder` for the block."""
    async with AsyncExitStack() as stack:
        for part in ("postgres", "kafka", "services"):
            (folder / part).mkdir()
        postgres = servers.start_postgres(folder / "postgres", settings={"shared_buffers": SHARED_BUFFERS})
        stack.callback(postgres.stop)
        kafka = servers.start_kafka(folder / "kafka")
        stack.callback(kafka.stop)
        name = await databases.create_template(postgres.address)
        database = Database(databases.with_database(postgres.address, name))
        connection = await asyncpg.connect(database.superuser_url)
        stack.push_async_callback(connection.close)
        progress(f"inserting {plan.cases:,} cases")
        await many_cases.insert(connection, plan.cases, plan.dealers)
        await connection.execute(_SWEPT)
        await connection.execute("CHECKPOINT")
        broker = Broker(KafkaSettings(kafka_bootstrap_servers=kafka.address))
        customers = {"kafka_bootstrap_servers": kafka.address, "customers": str(max(1, plan.dealers // COMPANIES))}
        d365 = await stack.enter_async_context(started(folder / "services", **customers))
        parts = await stack.enter_async_context(fleet(database, broker, d365, folder / "services", _settings(plan)))
        replicas = await asyncio.gather(*(parts.start(service) for service in SERVICES))
        dealers = await eventually(lambda: _known_dealers(parts, plan.dealers), within_seconds=120, every_seconds=0.5)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=_NO_END))
        pids = {process.module: process.running.pid for process in replicas if process.running}
        assert d365.process.running is not None
        pids |= {"postgres": postgres.pid, "kafka": kafka.pid, "d365_sandbox": d365.process.running.pid}
        meter = Meter(pids, connection, folder / "kafka" / "kafka" / "data")
        clicks = Clicks(replicas[0].url, session, _Tokens(parts.issuer, {}).headers)
        yield System(plan, database, connection, d365, clicks, meter, dealers)


def _settings(plan: Plan) -> dict[str, str]:
    return {
        "RATE_LIMIT_USER_PER_MINUTE": "0",
        "LOG_LEVEL": "WARNING",
        "RETENTION_PAYLOAD_DAYS": str(plan.retention_seconds / _DAY_SECONDS),
        "RETENTION_SWEEP_SECONDS": str(max(10.0, plan.retention_seconds / 10)),
    }


async def _known_dealers(parts: Fleet, at_least: int) -> list[str]:
    async with parts.database.connect() as connection:
        categories = await connection.fetchval("SELECT count(DISTINCT data_area_id) FROM status_sync.categories")
        rows = await connection.fetch("SELECT dealer FROM status_sync.dealers ORDER BY md5(dealer)")
    found = [row["dealer"] for row in rows]
    return found if categories == COMPANIES and len(found) >= at_least else []


@dataclass(frozen=True)
class _Tokens:
    """A token for each dealer, minted once."""

    issuer: str
    known: dict[str, str]

    def headers(self, dealer: str) -> dict[str, str]:
        """The headers of its requests."""
        if dealer not in self.known:
            self.known[dealer] = issuer.token(self.issuer, dealer, subject=dealer, seconds=_TOKEN_SECONDS)
        return {"Authorization": f"Bearer {self.known[dealer]}"}

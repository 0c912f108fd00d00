"""Several replicas of each service on one database, one Kafka and one sandbox, to be killed, frozen and restarted."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import issuer
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.processes import Process, free_port
from tests.support.sandbox import Sandbox

TOPICS = ("case.submitted.v1", "case.delivery.v1", "case.status-changed.v1", "d365.case-events.v1")
# Shorter waits for D365, so that a test does not take minutes.
SHORT: Mapping[str, str] = {
    "D365_TIMEOUT_SECONDS": "2",
    "D365_SETTLE_SECONDS": "3",
    "D365_POLL_SECONDS": "1",
    "D365_BREAKER_SECONDS": "1",
    "D365_BACKOFF_MAX_SECONDS": "2",
    "RESEND_FIRST_SECONDS": "5",
    "RATE_LIMIT_USER_PER_MINUTE": "0",
}


@dataclass
class Fleet:
    """Starts replicas; kills all of them at the end."""

    database: Database
    broker: Broker
    d365: Sandbox
    issuer: str
    folder: Path
    settings: Mapping[str, str] = field(default_factory=lambda: SHORT)
    processes: list[Process] = field(default_factory=list)

    async def start(self, service: str, **settings: str) -> Process:
        """Start one replica of `service` (the package's name) and wait until it is ready."""
        process = self.begin(service, **settings)
        await process.ready(within_seconds=60)
        return process

    def begin(self, service: str, **settings: str) -> Process:
        """Start one replica, which may never be ready."""
        port = free_port()
        environment = {
            **self.settings,
            **self.broker.environment(),
            **self.d365.environment(),
            "DATABASE_URL": self.database.url(service),
            "OIDC_ISSUER": self.issuer,
            "PORT": str(port),
            **settings,
        }
        log = self.folder / f"{service}-{port}.log"
        process = Process(service, ("serve",), environment, f"http://127.0.0.1:{port}", log)
        self.processes.append(process)
        process.start()
        return process

    async def pair(self, service: str, **settings: str) -> tuple[Process, Process]:
        """Start two replicas."""
        first, second = await asyncio.gather(self.start(service, **settings), self.start(service, **settings))
        return first, second

    def token(self, *dealers: str) -> str:
        """A token with every scope."""
        return issuer.token(self.issuer, *dealers)

    async def leader(self, service: str, lease: str, *, not_token: int = 0, within_seconds: float = 15) -> "Leader":
        """The leader by `lease` of `service`, once its token differs from `not_token`."""

        async def current() -> Leader | None:
            async with self.database.connect() as connection:
                row = await connection.fetchrow(
                    f"SELECT owner, token FROM {service}.leases WHERE name = $1 AND expires_at > now()",
                    lease,
                )
            return Leader(self._by_owner(row["owner"]), row["token"]) if row and row["token"] != not_token else None

        found = await eventually(current, within_seconds=within_seconds)
        assert found is not None
        return found

    def _by_owner(self, owner: str) -> Process:
        pid = int(owner.rsplit("-", 2)[1])
        return next(process for process in self.processes if process.running and process.running.pid == pid)


@dataclass(frozen=True)
class Leader:
    """The process that has a lease, and the lease's token."""

    by: Process
    token: int


@asynccontextmanager
async def fleet(
    database: Database, broker: Broker, d365: Sandbox, folder: Path, settings: Mapping[str, str] = SHORT
) -> AsyncIterator[Fleet]:
    """A fleet without replicas yet, with its topics created; `settings` are those of every replica."""
    await broker.create(*TOPICS)
    async with issuer.issuer() as provider:
        started = Fleet(database, broker, d365, provider, folder, settings)
        try:
            yield started
        finally:
            for process in started.processes:
                process.kill()

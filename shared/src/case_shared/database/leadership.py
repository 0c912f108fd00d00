"""One leader each for outbox publisher, dispatcher and poller: a row with a lease, timed by the database's clock.

A leader's work ends before its lease does: it measures by its own monotonic clock, from before it asked for the lease.
A standby takes over once the lease has expired. A process that was frozen finds its lease expired when it wakes.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import uuid4

import structlog
from prometheus_client import Gauge

from case_shared.database.errors import UNREACHABLE
from case_shared.database.postgres import Pool
from case_shared.database.statements import Statement
from case_shared.process.clock import Clock
from case_shared.process.fault_points import FaultPoint, reached
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loops import pause
from case_shared.words.errors import LeaseLost

log = structlog.get_logger(__name__)
# A new leader leads within ten seconds, even on a busy machine; a frozen one's locks end after five (postgres.py).
LEASE_SECONDS = 6.0
_leading = Gauge("casebridge_leader", "1 if this process is the leader", ["lease"])


@dataclass
class Lease:
    """The right to do what only one process may; `token` rises with each new owner."""

    name: str
    token: int
    _clock: Clock
    _ends: float

    def remaining_seconds(self) -> float:
        """Return the seconds for which the lease is surely valid; negative once it may have expired."""
        return self._ends - self._clock.monotonic()

    def check(self) -> None:
        """Raise `LeaseLost` unless the lease is surely valid now."""
        if self.remaining_seconds() <= 0:
            raise LeaseLost(f"the lease {self.name} has expired")

    def extend(self, ends: float) -> None:
        """Set the end of the lease to `ends` on the monotonic clock."""
        self._ends = ends


def _this_process() -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"


LeaderWork = Callable[[Lease, asyncio.Event], Awaitable[None]]


@dataclass(frozen=True)
class Leadership:
    """Competes for the lease `name` in the service's own table `leases`, and runs `work` while it has it.

    `work(lease, stopping)` is canceled when the lease is lost; on `stopping` it ends by itself, and then the lease is
    released, so that a standby takes over at once.
    """

    pool: Pool
    clock: Clock
    heartbeats: Heartbeats
    name: str
    lease_seconds: float = LEASE_SECONDS
    owner: str = field(default_factory=_this_process)

    async def run(self, work: LeaderWork, stopping: asyncio.Event) -> None:
        """Lead, or wait as a standby, until `stopping` is set."""
        beat = f"{self.name}_leadership"
        self.heartbeats.expect(beat, within_seconds=60)
        while not stopping.is_set():
            lease = await self._acquire()
            self.heartbeats.beat(beat)
            if lease is None:
                # Ask often enough that the next leader leads within ten seconds of the last renewal.
                await pause(self.lease_seconds / 16, stopping)
            else:
                await self._lead(lease, work, stopping)
        self.heartbeats.forget(beat)

    async def once(self, work: Callable[[Lease], Awaitable[object]]) -> None:
        """Do one piece of `work` as the leader, unless another leads now."""
        lease = await self._acquire()
        if lease is not None:
            try:
                await work(lease)
            finally:
                await self._release(lease)

    async def _lead(self, lease: Lease, work: LeaderWork, stopping: asyncio.Event) -> None:
        log.info("leadership_taken", lease=self.name, token=lease.token)
        reached(FaultPoint.LEASE_TAKEN)
        _leading.labels(self.name).set(1)
        worker = asyncio.ensure_future(work(lease, stopping))
        keeper = asyncio.create_task(self._keep(lease), name=f"{self.name}-lease")
        try:
            await asyncio.wait({worker, keeper}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (worker, keeper):
                task.cancel()
            results = await asyncio.gather(worker, keeper, return_exceptions=True)
            _leading.labels(self.name).set(0)
            await self._release(lease)
        failures = [repr(result) for result in results if isinstance(result, Exception)]
        log.info("leadership_ended", lease=self.name, token=lease.token, failures=failures)
        if failures:
            await pause(self.lease_seconds / 8, stopping)

    async def _keep(self, lease: Lease) -> None:
        """Renew until the lease is lost, then return."""
        while lease.remaining_seconds() > 0:
            await asyncio.sleep(self.lease_seconds / 4)
            try:
                async with asyncio.timeout(max(lease.remaining_seconds(), 0.001)):
                    renewed = await self._ask()
            except UNREACHABLE as error:
                log.warning("lease_not_renewed", lease=self.name, error=repr(error))
                continue
            if renewed is None or renewed[0] != lease.token:
                return
            lease.extend(renewed[1])
            self.heartbeats.beat(f"{self.name}_leadership")

    async def _acquire(self) -> Lease | None:
        try:
            async with asyncio.timeout(self.lease_seconds / 2):
                acquired = await self._ask()
        except UNREACHABLE as error:
            log.warning("lease_not_reached", lease=self.name, error=repr(error))
            return None
        return None if acquired is None else Lease(self.name, acquired[0], self.clock, acquired[1])

    async def _ask(self) -> tuple[int, float] | None:
        # Counted from before the query: the database's clock starts later, so ours ends first.
        ends = self.clock.monotonic() + self.lease_seconds
        token = await self.pool.fetchval(Statement.ACQUIRE_LEASE.text, self.name, self.owner, self.lease_seconds)
        return None if token is None else (token, ends)

    async def _release(self, lease: Lease) -> None:
        try:
            async with asyncio.timeout(2):
                await self.pool.execute(Statement.RELEASE_LEASE.text, self.name, self.owner, lease.token)
        except UNREACHABLE as error:
            log.warning("lease_not_released", lease=self.name, error=repr(error))

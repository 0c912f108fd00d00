"""One leader at a time, on a real PostgreSQL."""

import asyncio
from dataclasses import dataclass, field

import pytest

from case_shared.database.leadership import Leadership, Lease
from case_shared.database.postgres import Pool
from case_shared.database.statements import Statement
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.words.errors import LeaseLost
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE

# Long enough for two renewals on a busy machine.
LEASE_SECONDS = 2.0 * PATIENCE


@dataclass
class Candidate:
    """One competing process; `leases` are those that it got."""

    pool: Pool
    lease_seconds: float = LEASE_SECONDS
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    leases: list[Lease] = field(default_factory=list)
    working: bool = False

    async def work(self, lease: Lease, stopping: asyncio.Event) -> None:
        self.leases.append(lease)
        self.working = True
        try:
            await stopping.wait()
        finally:
            self.working = False

    def start(self) -> "asyncio.Task[None]":
        clock = SystemClock()
        leadership = Leadership(self.pool, clock, Heartbeats(clock), "test", lease_seconds=self.lease_seconds)
        return asyncio.create_task(leadership.run(self.work, self.stopping))

    async def leads(self) -> bool:
        return self.working


async def test_one_leads_and_a_standby_takes_over_at_once_when_it_stops(database: Database) -> None:
    async with database.pool("case_api") as pool:
        first, second = Candidate(pool), Candidate(pool)
        first_run = first.start()
        await eventually(first.leads)
        second_run = second.start()
        await asyncio.wait({second_run}, timeout=2 * LEASE_SECONDS)
        assert (first.working, second.working) == (True, False)
        first.stopping.set()
        await first_run
        await eventually(second.leads, within_seconds=LEASE_SECONDS / PATIENCE)
        assert second.leases[0].token > first.leases[0].token
        second.stopping.set()
        await second_run


async def test_a_leader_that_dies_is_followed_once_its_lease_has_ended(database: Database) -> None:
    async with database.pool("case_api") as pool:
        first, second = Candidate(pool), Candidate(pool)
        first_run = first.start()
        await eventually(first.leads)
        second_run = second.start()

        async def taken() -> list[Lease]:
            return [*first.leases[1:], *second.leases]

        # Like a kill: no release, so the lease stays in the table.
        await pool.execute("UPDATE leases SET owner = 'the dead'")
        await eventually(first.leads, lambda leads: not leads, within_seconds=LEASE_SECONDS)
        taken_again = await eventually(taken, within_seconds=3 * LEASE_SECONDS)
        assert taken_again[0].token > 1
        assert first.working != second.working
        for candidate, run in ((first, first_run), (second, second_run)):
            candidate.stopping.set()
            await run


async def test_a_dead_leader_s_lease_that_ends_far_in_the_future_is_shortened(database: Database) -> None:
    async with database.pool("case_api") as pool:
        # The database that it was renewed in had a clock ten minutes ahead.
        await pool.execute("INSERT INTO leases VALUES ('test', 'the dead', 7, now() + interval '10 minutes')")
        candidate = Candidate(pool)
        run = candidate.start()
        assert await eventually(candidate.leads, within_seconds=3 * LEASE_SECONDS)
        assert candidate.leases[0].token == 8
        candidate.stopping.set()
        await run


async def test_a_living_leader_keeps_a_lease_that_ends_far_in_the_future(database: Database) -> None:
    """It counts on its lease by its own clock: nobody else may lead before that ends."""
    async with database.pool("case_api") as pool:
        acquire = Statement.ACQUIRE_LEASE.text
        assert await pool.fetchval(acquire, "test", "leads", LEASE_SECONDS) == 1
        await pool.execute("UPDATE leases SET expires_at = now() + interval '10 minutes'")
        assert await pool.fetchval(acquire, "test", "standby", LEASE_SECONDS) is None
        ends = "SELECT owner, expires_at - now() < make_interval(secs => $1) AS soon FROM leases"
        assert tuple(await pool.fetchrow(ends, LEASE_SECONDS) or ()) == ("leads", True)
        assert await pool.fetchval(acquire, "test", "leads", LEASE_SECONDS) == 1


async def test_work_ends_before_a_lease_that_cannot_be_renewed(database: Database) -> None:
    async with database.pool("case_api") as pool, database.connect() as superuser:
        leader = Candidate(pool)
        run = leader.start()
        await eventually(leader.leads)
        async with superuser.transaction():
            await superuser.execute("LOCK TABLE case_api.leases IN ACCESS EXCLUSIVE MODE")
            await eventually(leader.leads, lambda leads: not leads, within_seconds=2 * LEASE_SECONDS)
        await eventually(leader.leads, within_seconds=5 * LEASE_SECONDS)
        assert leader.leases[1].token > leader.leases[0].token
        leader.stopping.set()
        await run


async def test_a_lease_knows_when_it_has_ended() -> None:
    clock = SystemClock()
    lease = Lease("test", 1, clock, clock.monotonic() - 1)
    with pytest.raises(LeaseLost, match="test"):
        lease.check()


async def test_who_gives_up_a_lease_that_it_lost_takes_it_from_nobody(database: Database) -> None:
    async with database.pool("case_api") as pool:
        for owner, token in (("late", 2), ("leads", 1), ("leads", 2)):
            await pool.execute(
                "INSERT INTO leases VALUES ('test', 'leads', 2, now() + interval '1 hour')"
                " ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at"
            )
            await pool.execute(Statement.RELEASE_LEASE.text, "test", owner, token)
            held = await pool.fetchval("SELECT expires_at > now() FROM leases")
            assert held == ((owner, token) != ("leads", 2)), (owner, token)

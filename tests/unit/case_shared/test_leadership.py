"""A leader's own view of its lease: it counts from before the request, and ends with another token."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from case_shared.database.leadership import Leadership, Lease
from case_shared.process.heartbeats import Heartbeats
from tests.support.clocks import HandClock

LEASE_SECONDS = 0.05
ON_THE_WAY_SECONDS = 0.02


@dataclass
class Database:
    """Answers with `tokens`, then always with the last one; each answer takes `ON_THE_WAY_SECONDS`."""

    clock: HandClock
    tokens: list[int]
    released: list[tuple[object, ...]] = field(default_factory=list)

    async def fetchval(self, *_: object) -> int:
        self.clock.seconds += ON_THE_WAY_SECONDS
        return self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]

    async def execute(self, _statement: str, *arguments: object) -> None:
        self.released.append(arguments)


async def test_a_lease_is_counted_from_before_it_was_asked_for() -> None:
    clock = HandClock()
    leads = leadership(clock, Database(clock, [1]))
    seen: list[float] = []

    async def work(lease: Lease, stopping: asyncio.Event) -> None:
        seen.append(lease.remaining_seconds())
        stopping.set()

    await leads.run(work, asyncio.Event())
    assert seen == [LEASE_SECONDS - ON_THE_WAY_SECONDS]


async def test_a_renewed_lease_is_counted_from_before_it_was_asked_for() -> None:
    clock = HandClock()
    lease = Lease("test", 1, clock, LEASE_SECONDS)
    clock.seconds = asked = LEASE_SECONDS / 2

    # The second answer has another token, which ends it.
    async with asyncio.timeout(5):
        await leadership(clock, Database(clock, [1, 2]))._keep(lease)

    assert lease.remaining_seconds() == pytest.approx(asked + LEASE_SECONDS - clock.seconds)


async def test_work_ends_where_a_renewal_brings_another_token() -> None:
    clock = HandClock()
    database = Database(clock, [1, 2])
    ended: list[bool] = []

    async def work(_lease: Lease, stopping: asyncio.Event) -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            ended.append(True)
            raise
        finally:
            stopping.set()

    await leadership(clock, database).run(work, asyncio.Event())
    assert ended == [True]
    # Another process may have it by now: release the lease only with our own token.
    assert [arguments[-1] for arguments in database.released] == [1]


def leadership(clock: HandClock, database: Any) -> Leadership:
    return Leadership(database, clock, Heartbeats(clock), "test", lease_seconds=LEASE_SECONDS)

"""The next poll sees a change in D365 whose event was lost, even if the process that polled is dead or frozen.

Two replicas and one case; the sandbox sends no events at all.
"""

import signal
import time
from pathlib import Path
from typing import Any

from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.processes import Process
from tests.support.replicas import fleet
from tests.support.sandbox import Sandbox

POLL_SECONDS = 2
# The lease of the former poller, and how soon a standby asks for it.
FAILOVER_SECONDS = 10
A_FEW_SECONDS = 3
BORN = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "CategoryType": "Service", "CaseCategory": "Breakdown"}


async def test_a_lost_event_heals_by_the_poll_whoever_polls(
    database: Database, broker: Broker, d365: Sandbox, tmp_path: Path
) -> None:
    async with fleet(database, broker, d365, tmp_path) as started:
        await started.pair("status_sync", D365_POLL_SECONDS=str(POLL_SECONDS))
        case_id = (await d365.control("POST", "/cases", BORN))["CaseId"]
        await shown(database, case_id, "submitted", within_seconds=20)
        await d365.move("usmf", case_id, "Planned")
        assert await shown(database, case_id, "open") < (POLL_SECONDS + A_FEW_SECONDS) * PATIENCE
        for number, symbol, status in (
            (signal.SIGSTOP, "InProcess", "in_process"),
            (signal.SIGKILL, "Closed", "closed"),
        ):
            leader = (await started.leader("status_sync", "poller")).by
            leader.send(number)
            await d365.move("usmf", case_id, symbol)
            seconds = await shown(database, case_id, status, within_seconds=30)
            print(f"{number.name}: seen after {seconds:.1f} s")
            assert seconds < (FAILOVER_SECONDS + POLL_SECONDS + A_FEW_SECONDS) * PATIENCE
            await runs_again(leader, number)
            await nothing_old_comes_back(database, case_id, status)


async def runs_again(leader: Process, number: signal.Signals) -> None:
    """The old leader wakes, or is started again."""
    if number is signal.SIGSTOP:
        leader.send(signal.SIGCONT)
    else:
        leader.kill()
        leader.start()
    await leader.ready()


async def nothing_old_comes_back(database: Database, case_id: str, status: str) -> None:
    """No older read replaces the newest one."""
    before = await row(database, case_id)

    async def read_again() -> Any:
        return await row(database, case_id)

    after = await eventually(read_again, lambda now: now["read_began_at"] > before["read_began_at"], within_seconds=20)
    assert after["status"] == status


async def row(database: Database, case_id: str) -> Any:
    """The case in the read model, None if it is missing."""
    async with database.connect() as connection:
        return await connection.fetchrow("SELECT * FROM case_api.cases WHERE case_id = $1", case_id)


async def shown(database: Database, case_id: str, status: str, within_seconds: float = 15) -> float:
    """Wait until the read model has `status`; returns the seconds waited."""
    began = time.monotonic()

    async def now() -> str | None:
        found = await row(database, case_id)
        return str(found["status"]) if found else None

    await eventually(now, lambda value: value == status, within_seconds=within_seconds)
    return time.monotonic() - began

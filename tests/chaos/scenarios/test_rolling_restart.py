"""Every process is restarted, one after another, under load: no request fails, and no case is late."""

import asyncio
from pathlib import Path

import pytest

from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.portal import DEALER, Portal, portal
from tests.support.replicas import fleet
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.timeout(300 * PATIENCE)
SERVICES = ("case_api", "d365_sync", "status_sync")
CLIENTS = 4
LATEST_SECONDS = 5


async def load(dealer: Portal, restarting: asyncio.Event) -> None:
    """Submit cases and read them until all is restarted; any failure except a refused connection ends it."""
    while not restarting.is_set():
        web_case_id = await dealer.submit()
        answer = await dealer.call("GET", f"/cases/{web_case_id}")
        assert answer.status_code == 200, answer.text
        # A request that waits for the outcome gets it, or an answer before the process ends.
        answer = await dealer.call("GET", f"/cases/{web_case_id}/submission", headers={"Prefer": "wait=3"})
        assert answer.status_code == 200, answer.text
        await asyncio.sleep(0.05)  # people are slower


async def slowest(database: Database, expected: int) -> float | None:
    """Seconds from submission to D365's answer for the slowest case, once all have one."""
    async with database.connect() as connection:
        row = await connection.fetchrow(
            "SELECT count(*), extract(epoch FROM max(x.delivered_at - s.submitted_at))::float8 AS slowest"
            " FROM case_api.submissions AS s JOIN case_api.submission_states AS x USING (web_case_id, submission_no)"
            " WHERE x.case_id IS NOT NULL"
        )
    return row["slowest"] if row and row["count"] == expected else None


async def test_rolling_restart_fails_no_request_and_delays_no_case(
    database: Database, broker: Broker, d365: Sandbox, tmp_path: Path
) -> None:
    async with fleet(database, broker, d365, tmp_path) as started:
        pairs = await asyncio.gather(*(started.pair(service) for service in SERVICES))
        restarted = asyncio.Event()
        async with portal(started.token(DEALER), *(process.url for process in pairs[0])) as dealer:
            clients = [asyncio.create_task(load(dealer, restarted)) for _ in range(CLIENTS)]
            for process in started.processes:
                assert await process.stop() == 0, process.output()[-3000:]
                process.start()
                await process.ready(within_seconds=60)
            restarted.set()
            await asyncio.gather(*clients)
            worst = await eventually(lambda: slowest(database, len(dealer.submitted)), within_seconds=20)
        assert worst is not None
        print(f"{len(dealer.submitted)} cases, {dealer.refused} connections refused, slowest case {worst:.1f} s")
        assert worst < LATEST_SECONDS * PATIENCE
        books = [case["WebCaseId"] for case in await d365.cases() if case["WebCaseId"]]
        assert sorted(books) == sorted(dealer.submitted)

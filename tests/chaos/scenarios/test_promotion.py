"""The leader of PostgreSQL dies under load, and its synchronous standby is promoted: nothing is lost or doubled."""

import asyncio
import time
import uuid
from pathlib import Path

import asyncpg
import pytest

from tests.chaos.scenarios.test_restore import all_delivered, books, lenient_d365
from tests.support import databases
from tests.support.brokers import Broker
from tests.support.databases import PASSWORD, Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.portal import DEALER, Portal, portal
from tests.support.replicas import fleet
from tests.support.sandbox import Sandbox
from tests.support.standby import Pair, pair

__all__ = ["lenient_d365"]  # a fixture
pytestmark = pytest.mark.timeout(300 * PATIENCE)
SERVICES = ("case_api", "d365_sync", "status_sync")
CLIENTS = 3


class Load:
    """Clients that submit one case after the other, and repeat what is refused for now."""

    def __init__(self, dealer: Portal) -> None:
        self.dealer = dealer
        self.acknowledged: dict[str, float] = {}
        self.refused = 0
        self.ending = asyncio.Event()

    async def run(self) -> None:
        """Submit until the end."""
        while not self.ending.is_set():
            web_case_id = await self.submitted(uuid.uuid4().hex)
            self.acknowledged[web_case_id] = time.monotonic()
            await asyncio.sleep(0.1)

    async def submitted(self, key: str) -> str:
        """Draft and submit a case, until it is acknowledged; its Web Case ID."""
        content = {"category": self.dealer.category, "description": key}
        while True:
            answer = await self.dealer.call("POST", "/cases", json=content, headers={"Idempotency-Key": key})
            if answer.status_code == 201:
                web_case_id: str = answer.json()["web_case_id"]
                path, headers = f"/cases/{web_case_id}/submission", {"If-Match": answer.headers["etag"]}
                answer = await self.dealer.call("POST", path, headers=headers)
                if answer.status_code == 202:
                    return web_case_id
            self.refused += 1
            # Of a request whose connection was cut nobody knows yet whether it was done.
            assert answer.status_code in {503, 409}, answer.text
            assert answer.status_code == 409 or answer.headers["Retry-After"]
            await asyncio.sleep(0.2)


async def follow(servers: Pair) -> None:
    """Let the leader acknowledge nothing that the standby does not have."""
    leader = await asyncpg.connect(servers.leader.address)
    await leader.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await leader.execute("SELECT pg_reload_conf()")

    async def synchronous() -> bool:
        return bool(await leader.fetchval("SELECT bool_or(sync_state = 'sync') FROM pg_stat_replication"))

    await eventually(synchronous)
    await leader.close()


async def test_a_promoted_standby_is_followed_under_load(broker: Broker, lenient_d365: Sandbox, tmp_path: Path) -> None:
    async with pair(tmp_path / "servers", {"synchronous_commit": "on"}) as servers:
        name = await databases.create_template(servers.leader.address)
        database = Database(databases.with_database(servers.leader.address, name))
        await follow(servers)
        async with fleet(database, broker, lenient_d365, tmp_path) as started:
            for service in SERVICES:
                await started.start(service, DATABASE_URL=servers.address(service, name, PASSWORD))
            async with portal(started.token(DEALER), started.processes[0].url) as dealer:
                load = Load(dealer)
                clients = [asyncio.create_task(load.run()) for _ in range(CLIENTS)]
                await eventually(lambda: _count(load), lambda count: count > 20)
                began = time.monotonic()
                await servers.promote()
                await eventually(lambda: _since(load, began), lambda count: count > 20, within_seconds=30)
                load.ending.set()
                await asyncio.gather(*clients)
            back = min(at for at in load.acknowledged.values() if at > began + 0.5) - began
            now = Database(databases.with_database(servers.standby.address, name))
            await all_delivered(now, *load.acknowledged)
            print(f"acknowledged again after {back:.1f} s, {load.refused} refused, {len(load.acknowledged)} cases")
            assert back < 10 * PATIENCE
            assert await books(lenient_d365) == sorted(load.acknowledged)
            assert all(process.running and process.running.poll() is None for process in started.processes)


async def _count(load: Load) -> int:
    return len(load.acknowledged)


async def _since(load: Load, began: float) -> int:
    return sum(at > began + 0.5 for at in load.acknowledged.values())

"""Ten thousand dead letters are replayed while d365-sync is killed repeatedly; and pause, resume and cancel.

Ten thousand is the size that the promise names; the second test uses the smallest number that is not finished before
the pause.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer

from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED
from case_shared.process.fault_points import FaultPoint
from casebridge.oidc.app import create_app
from casebridge.oidc.keys import TokenSigner, load_key
from casebridge.oidc.settings import OidcProviderSettings
from casebridge.oidc.users import OPERATOR_SCOPES, User
from tests.integration.d365_sync.conftest import submitted
from tests.integration.d365_sync.test_service import record
from tests.support import dead_letters, sandbox
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.processes import Process, free_port, running
from tests.support.submissions import store_submissions

Json = dict[str, Any]
DEAD_LETTERS = 10_000
ORDER: Json = {"query": {"state": "failed", "cause": "rejected"}, "reason": "D365 takes them again"}
TIMES = {
    "D365_TIMEOUT_SECONDS": "2",
    "D365_SETTLE_SECONDS": "5",
    "D365_BREAKER_SECONDS": "1",
    "D365_BACKOFF_MAX_SECONDS": "1",
}


@dataclass
class World:
    """d365-sync as a process that can be killed, D365 without a unique Web Case ID, and an operator."""

    database: Database
    broker: Broker
    d365: sandbox.Sandbox
    service: Process
    faults: Path
    session: aiohttp.ClientSession

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Json:
        """Call the API; raises aiohttp.ClientError if the service dies meanwhile."""
        async with self.session.request(method, f"{self.service.url}/v1{path}", json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            found: Json = await answer.json()
            return found

    async def insisting(self, method: str, path: str, body: Any = None, **headers: str) -> Json:
        """Call the API until it answers; restart the service if it has died."""

        async def answer() -> Json | None:
            await self.revive()
            try:
                return await self.call(method, path, body, **headers)
            except aiohttp.ClientError:
                return None

        found = await eventually(answer, within_seconds=30)
        assert found is not None
        return found

    async def revive(self) -> None:
        """Restart the service if it has died."""
        assert self.service.running is not None
        if self.service.running.poll() is not None:
            self.service.start()
            await self.service.ready()

    def arm(self, point: FaultPoint) -> None:
        """Make the service die when it next reaches the point."""
        (self.faults / point).write_text("kill")

    async def states(self) -> Counter[str]:
        """Documents by state."""
        async with self.database.connect() as connection:
            rows = await connection.fetch("SELECT state, count(*) AS n FROM d365_sync.documents GROUP BY state")
        return Counter({row["state"]: row["n"] for row in rows})

    async def letters(self, count: int) -> list[str]:
        """Insert dead letters."""
        async with self.database.connect() as connection:
            return await dead_letters.insert(connection, count)

    async def in_d365(self, drawn: list[str]) -> Counter[str]:
        """How many cases D365 has for each."""
        wanted = set(drawn)
        return Counter(case["WebCaseId"] for case in await self.d365.cases() if case["WebCaseId"] in wanted)


@pytest_asyncio.fixture
async def world(database: Database, broker: Broker, tmp_path: Path) -> AsyncIterator[World]:
    async with _world(database, broker, tmp_path) as running_world:
        yield running_world


@asynccontextmanager
async def _world(database: Database, broker: Broker, folder: Path) -> AsyncIterator[World]:
    faults = folder / "faults"
    faults.mkdir()
    (folder / "mapping.toml").write_text("web_case_id_unique = false\n")
    issuer = free_port()
    provider = OidcProviderSettings(oidc_issuer=f"http://127.0.0.1:{issuer}", oidc_data_dir=folder / "oidc")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(TestServer(create_app(provider), port=issuer))
        olga = User("olga", "operator", (), OPERATOR_SCOPES)
        token = TokenSigner(load_key(folder / "oidc"), provider.oidc_issuer, "casebridge").access_token(
            olga, client_id="casebridge", scope=" ".join(olga.scopes), lifetime_seconds=3600
        )
        d365 = await stack.enter_async_context(
            sandbox.started(folder, unique_web_case_id="false", latency_seconds="0.02")
        )
        await broker.create(CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED)
        port = free_port()
        environment = {
            **broker.environment(),
            **d365.environment(),
            **TIMES,
            "D365_MAPPING": str(folder / "mapping.toml"),
            "D365_ACCEPT_RARE_DUPLICATES": "true",
            "DATABASE_URL": database.url("d365_sync"),
            "OIDC_ISSUER": provider.oidc_issuer,
            "PORT": str(port),
            "FAULT_POINTS_DIR": str(faults),
            "RATE_LIMIT_USER_PER_MINUTE": "0",  # the tests ask again and again
        }
        url = f"http://127.0.0.1:{port}"
        service = await stack.enter_async_context(
            running("d365_sync", "serve", environment=environment, url=url, log=folder / "d365-sync.log")
        )
        headers = {"Authorization": f"Bearer {token}"}
        session = await stack.enter_async_context(aiohttp.ClientSession(headers=headers))
        yield World(database, broker, d365, service, faults, session)


@pytest.mark.nightly  # chaos seeds kill at the same points, and integration/d365_sync/test_replays.py has small ones
@pytest.mark.timeout(300 * PATIENCE)
async def test_ten_thousand_dead_letters_are_replayed_once_each_though_the_service_is_killed(world: World) -> None:
    drawn = await world.letters(DEAD_LETTERS)
    began = time.monotonic()
    world.arm(FaultPoint.REPLAY_ORDERED)
    key = {"Idempotency-Key": "one-order"}

    # It dies before it can answer; the client repeats the same order.
    replay = await world.insisting("POST", "/replays", ORDER, **key)

    path = f"/replays/{replay['replay_id']}"

    async def replayed(enough: Callable[[Json], bool]) -> Json:
        return await eventually(lambda: world.insisting("GET", path), enough, within_seconds=240, every_seconds=0.2)

    for number in (2_000, 5_000):
        await replayed(lambda found, number=number: found["counts"]["replayed"] >= number)  # type: ignore[misc]
        world.service.kill()
    await replayed(lambda found: found["counts"]["replayed"] >= 7_500)
    world.arm(FaultPoint.REPLAY_STEPPED)
    done = await replayed(lambda found: found["states"] == {"delivered": DEAD_LETTERS})
    print(f"{DEAD_LETTERS} replayed with four kills in {time.monotonic() - began:.1f} s")

    assert done["state"] == "completed"
    assert (done["counts"]["replayed"], done["counts"]["left_out"]) == (DEAD_LETTERS, 0)
    assert len(list(world.faults.glob("*.*"))) == 2, "each armed point has struck"
    assert await world.in_d365(drawn) == Counter(drawn)
    async with world.database.connect() as connection:
        audited = await connection.fetch("SELECT web_case_id FROM d365_sync.audit WHERE action = 'replay'")
        replays = await connection.fetchval("SELECT count(*) FROM d365_sync.replays")
    assert Counter(row["web_case_id"] for row in audited) == Counter(drawn)
    assert replays == 1


async def test_pause_stops_a_replay_resume_goes_on_cancel_leaves_the_rest_and_new_cases_pass(world: World) -> None:
    drawn = await world.letters(4_000)
    replay = await world.call("POST", "/replays", ORDER)
    path = f"/replays/{replay['replay_id']}"

    async def progress(enough: Callable[[Json], bool]) -> Json:
        return await eventually(lambda: world.call("GET", path), enough, within_seconds=30)

    await progress(lambda found: found["counts"]["replayed"] >= 600)
    paused = await world.call("POST", f"{path}/pause")
    # Everything that was in the queue arrives, and nothing follows.
    quiet = await progress(lambda found: set(found["states"]) == {"delivered"})
    assert quiet["counts"]["replayed"] == paused["counts"]["replayed"] < 4_000
    assert len(await world.in_d365(drawn)) == paused["counts"]["replayed"]

    await world.call("POST", f"{path}/resume")
    await progress(lambda found: found["counts"]["replayed"] >= paused["counts"]["replayed"] + 500)
    new = submitted()
    began = time.monotonic()
    await store_submissions(world.database, new)
    await world.broker.send(record(new))
    await eventually(lambda: world.in_d365([new.web_case_id]), within_seconds=10)
    waited = time.monotonic() - began
    canceled = await world.call("POST", f"{path}/cancel")

    left = await progress(lambda found: set(found["states"]) == {"delivered"})
    print(f"a new case waited {waited:.2f} s behind a replay; {left['counts']['remaining']} were left")
    assert (left["state"], left["counts"]["remaining"]) == ("canceled", canceled["counts"]["remaining"])
    assert left["counts"]["remaining"] > 0
    assert waited < 5 * PATIENCE
    assert await world.states() == {"delivered": left["counts"]["replayed"] + 1, "failed": left["counts"]["remaining"]}
    books = await world.in_d365(drawn)
    assert set(books.values()) == {1}
    assert len(books) == left["counts"]["replayed"]

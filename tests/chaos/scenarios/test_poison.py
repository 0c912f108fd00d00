"""Unreadable records: one in a hundred stops nothing; a flood of them pauses its consumer and loses nothing.

Ten thousand is the size that the promise names. The flood is five times a window. D365 has no part in this: delivery is
paused, and the tests look at what gets into the document queue.
"""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from aiokafka.admin import AIOKafkaAdminClient
from pydantic import ValidationError

from case_shared.kafka.flood import LEAST_RECORDS
from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED, topic_name
from case_shared.words.events import CaseSubmitted
from casebridge.oidc.app import create_app
from casebridge.oidc.keys import TokenSigner, load_key
from casebridge.oidc.settings import OidcProviderSettings
from casebridge.oidc.users import OPERATOR_SCOPES, User
from tests.integration.d365_sync.conftest import submitted
from tests.integration.d365_sync.test_service import environment, record
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.processes import Process, free_port, running
from tests.support.sandbox import Sandbox
from tests.support.submissions import store_submissions

Json = dict[str, Any]
RECORDS = 10_000
FLOOD = 1_000
GROUP = f"d365-sync.{CASE_SUBMITTED}"


@dataclass
class World:
    """d365-sync as a process, and an operator at the command line."""

    database: Database
    broker: Broker
    service: Process
    token: str

    async def casebridge(self, *arguments: str) -> Json:
        """Run `casebridge queue arguments --json`."""
        known = {**os.environ, "CASEBRIDGE_URL": self.service.url, "CASEBRIDGE_TOKEN": self.token}
        command = [sys.executable, "-m", "casebridge", "queue", *arguments, "--json"]
        ended = await asyncio.to_thread(
            subprocess.run, command, env=known, capture_output=True, text=True, check=False, timeout=60 * PATIENCE
        )
        assert ended.returncode == 0, ended.stderr
        answer: Json = json.loads(ended.stdout)
        return answer

    async def count(self, table: str) -> int:
        """Rows of one of d365-sync's tables."""
        async with self.database.connect() as connection:
            count: int = await connection.fetchval(f"SELECT count(*) FROM d365_sync.{table}")
            return count

    async def committed(self) -> int:
        """How many records the consumer has committed."""
        settings = self.broker.settings
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(f"{settings.kafka_group_prefix}{GROUP}")
            return sum(offset.offset for offset in offsets.values() if offset.offset >= 0)
        finally:
            await admin.close()

    async def in_step(self) -> int:
        """Wait until what is committed is 100 documents and the records set aside, no more; returns how many these are.

        The consumer commits offsets a moment after its transaction.
        """

        async def both() -> tuple[int, int]:
            return await self.count("unreadable_records"), await self.committed()

        set_aside, _ = await eventually(both, lambda found: found[1] == 100 + found[0])
        return set_aside

    async def send(self, values: Sequence[bytes | None]) -> None:
        """Send values to `case.submitted.v1`, all together, over all partitions; store the good ones first."""
        await store_submissions(self.database, *filter(None, map(as_event, values)))
        name = topic_name(self.broker.settings, CASE_SUBMITTED)
        async with self.broker.producer() as producer:
            sent = [await producer.send(name, value, b"%d" % number) for number, value in enumerate(values)]
            await asyncio.gather(*sent)


@asynccontextmanager
async def world_of(database: Database, broker: Broker, d365: Sandbox, folder: Path) -> AsyncIterator[World]:
    issuer, port = free_port(), free_port()
    provider = OidcProviderSettings(oidc_issuer=f"http://127.0.0.1:{issuer}", oidc_data_dir=folder / "oidc")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(TestServer(create_app(provider), port=issuer))
        olga = User("olga", "operator", (), OPERATOR_SCOPES)
        token = TokenSigner(load_key(folder / "oidc"), provider.oidc_issuer, "casebridge").access_token(
            olga, client_id="casebridge", scope=" ".join(olga.scopes), lifetime_seconds=3600
        )
        await broker.create(CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED)
        async with database.connect() as connection:
            await connection.execute("UPDATE d365_sync.delivery_control SET paused = true")
        settings = environment(database, broker, d365, PORT=str(port), OIDC_ISSUER=provider.oidc_issuer)
        url = f"http://127.0.0.1:{port}"
        service = await stack.enter_async_context(
            running("d365_sync", "serve", environment=settings, url=url, log=folder / "d365-sync.log")
        )
        yield World(database, broker, service, token)


def good() -> bytes:
    return record(submitted()).value


def as_event(value: bytes | None) -> CaseSubmitted | None:
    """The event, if case-api could have written it."""
    try:
        event = CaseSubmitted.model_validate_json(value or b"")
    except ValidationError:
        return None
    return event if event.submission_no < 2**31 else None


def changed(**fields: Any) -> bytes:
    """A submission with one wrong field."""
    return json.dumps({**json.loads(good()), **fields}).encode()


def poisons(count: int) -> list[bytes | None]:
    """Unreadable records, no two alike; only the database refuses those with a huge number."""
    kinds: list[Any] = [
        lambda number: b"\xff no JSON %d" % number,
        lambda number: b'{"web_case_id": %d}' % number,
        lambda number: b"[" * (1000 + number),
        lambda number: changed(created_by=f"NUL \x00 {number}"),
        lambda number: changed(submission_no=2**40 + number),
    ]
    return [kinds[number % len(kinds)](number) for number in range(count)]


@pytest.mark.timeout(180 * PATIENCE)
async def test_one_in_a_hundred_stops_nothing_and_each_is_shown(
    database: Database, broker: Broker, d365: Sandbox, tmp_path: Path
) -> None:
    async with world_of(database, broker, d365, tmp_path) as world:
        bad = poisons(RECORDS // 100)
        values: list[bytes | None] = []
        for poison in bad:
            values += [*(good() for _ in range(99)), poison]

        await world.send(values[: RECORDS // 2])
        await eventually(lambda: world.count("documents"), lambda count: count > 0, within_seconds=30)
        world.service.kill()
        world.service.start()
        await world.send(values[RECORDS // 2 :])

        await eventually(lambda: world.count("documents"), lambda count: count >= RECORDS - len(bad), within_seconds=90)
        await eventually(world.committed, lambda count: count == RECORDS, within_seconds=30)
        assert await world.count("documents") == RECORDS - len(bad)
        await world.service.ready()
        shown = (await world.casebridge("unreadable", "--limit", "1000"))["items"]
        assert sorted(base64.b64decode(item["value_base64"]) for item in shown) == sorted(filter(None, bad))
        assert len({(item["topic"], item["partition"], item["offset"]) for item in shown}) == len(bad)
        assert all(item["topic"] == topic_name(broker.settings, CASE_SUBMITTED) and item["cause"] for item in shown)
        refused = [item for item in shown if "refused it" in item["cause"]]
        assert len(refused) == len(bad) // 5
        assert (await world.casebridge("delivery"))["paused_consumers"] == []


@pytest.mark.timeout(180 * PATIENCE)
async def test_a_flood_pauses_the_consumer_until_an_operator_lets_it_through(
    database: Database, broker: Broker, d365: Sandbox, tmp_path: Path
) -> None:
    async with world_of(database, broker, d365, tmp_path) as world:

        async def paused() -> list[Json]:
            found: list[Json] = (await world.casebridge("delivery"))["paused_consumers"]
            return found

        await world.send([*(good() for _ in range(100))])
        await eventually(lambda: world.count("documents"), lambda count: count == 100, within_seconds=30)
        await world.send([b"no JSON %d" % number for number in range(FLOOD)])
        [pause] = await eventually(paused, lambda found: len(found) == 1, within_seconds=30, every_seconds=0.5)
        assert pause["consumer_group"] == GROUP
        assert "cannot be read" in pause["cause"]
        before = await world.in_step()
        assert before <= LEAST_RECORDS + 100, "no more than a window may take"

        # A restart without a fix: it is paused again, and nothing is skipped.
        world.service.send(signal.SIGTERM)
        assert world.service.running is not None
        assert await asyncio.to_thread(world.service.running.wait, 20 * PATIENCE) == 0
        world.service.start()
        await world.service.ready()
        async with database.connect() as connection:
            await connection.execute("UPDATE d365_sync.paused_consumers SET told_at = now() - interval '1 hour'")
        await eventually(paused, lambda found: len(found) == 1, within_seconds=30, every_seconds=0.5)
        assert await world.in_step() < FLOOD

        await world.casebridge("let-through", GROUP, "--reason", "they are test data")
        await world.send([good()])
        await eventually(lambda: world.count("unreadable_records"), lambda count: count == FLOOD, within_seconds=60)
        await eventually(lambda: world.count("documents"), lambda count: count == 101, within_seconds=60)
        await eventually(world.committed, lambda count: count == FLOOD + 101)
        output = world.service.output()
    assert "consumer_paused" in output
    assert "flood_let_through" in output

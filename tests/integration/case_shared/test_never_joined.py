"""A service whose consumers never join their groups says so, whatever list of addresses it was given."""

from pathlib import Path

import aiohttp
import pytest

from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.nightly import at_night
from tests.support.processes import Process
from tests.support.replicas import fleet
from tests.support.sandbox import Sandbox

NOBODY = "127.0.0.1:9,127.0.0.1:19"


async def said(process: Process) -> tuple[int, str]:
    """Status of /readyz, and what it says of the consumers."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{process.url}/readyz") as answer:
            return answer.status, str((await answer.json()).get("reasons", {}).get("consumers", ""))
    except aiohttp.ClientError:
        return 0, ""


@pytest.mark.parametrize("service", ["case_api", *at_night("d365_sync", "status_sync")])
async def test_readyz_fails_after_the_start_up_time_where_no_address_answers(
    database: Database, broker: Broker, d365: Sandbox, tmp_path: Path, service: str
) -> None:
    async with fleet(database, broker, d365, tmp_path) as started:
        never = started.begin(service, KAFKA_BOOTSTRAP_SERVERS=NOBODY, KAFKA_START_SECONDS="2")
        status, reason = await eventually(lambda: said(never), lambda found: bool(found[1]), within_seconds=30)
        assert status == 503
        assert "has not joined group" in reason
        assert "KAFKA_*" in reason
        # The same service with the two addresses of every test.
        assert "," in broker.settings.kafka_bootstrap_servers
        joined = await started.start(service, KAFKA_START_SECONDS="60")
        await eventually(lambda: said(joined), lambda found: found == (200, ""))

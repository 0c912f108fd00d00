"""status-sync as a process, on real PostgreSQL and Kafka, keeps what its OpenAPI document promises."""

from pathlib import Path

import pytest

from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED
from tests.fuzz.promises import hold
from tests.integration.status_sync.test_service import EVENTS, SECRET
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.patience import PATIENCE
from tests.support.processes import free_port, running
from tests.support.sandbox import Sandbox


@pytest.mark.timeout(300 * PATIENCE)
async def test_it_keeps_what_its_document_promises(
    database: Database, broker: Broker, d365: Sandbox, tmp_path: Path
) -> None:
    await broker.create(CASE_DELIVERY, CASE_STATUS_CHANGED, EVENTS)
    port = free_port()
    settings = {
        **broker.environment(),
        **d365.environment(),
        "DATABASE_URL": database.url("status_sync"),
        "D365_EVENTS_SECRET": SECRET,
        "PORT": str(port),
    }
    url, log = f"http://127.0.0.1:{port}", tmp_path / "log"
    async with running("status_sync", "serve", environment=settings, url=url, log=log) as process:
        await hold(process, "status_sync.toml", tmp_path, examples=50, TOKEN=SECRET)

"""d365-sync as a process, with dead letters and an unreadable record, keeps what its OpenAPI document promises."""

from pathlib import Path

import pytest

from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED, topic_name
from tests.fuzz.promises import hold
from tests.integration.d365_sync.conftest import submitted
from tests.integration.d365_sync.test_service import environment, record
from tests.support import issuer
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.processes import free_port, running
from tests.support.sandbox import Sandbox
from tests.support.submissions import store_submissions


@pytest.mark.timeout(300 * PATIENCE)
async def test_it_keeps_what_its_document_promises(
    database: Database, broker: Broker, d365: Sandbox, tmp_path: Path
) -> None:
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED)
    await d365.fault(kind="reject", operation="create")
    events = [submitted() for _ in range(5)]
    await store_submissions(database, *events)
    await broker.send(*(record(event) for event in events))
    async with broker.producer() as producer:
        await producer.send_and_wait(topic_name(broker.settings, CASE_SUBMITTED), b"\xff not JSON", b"key")
    port = free_port()
    async with issuer.issuer() as provider:
        settings = environment(
            database, broker, d365, PORT=str(port), OIDC_ISSUER=provider, RATE_LIMIT_USER_PER_MINUTE="0"
        )
        url, log = f"http://127.0.0.1:{port}", tmp_path / "log"
        async with running("d365_sync", "serve", environment=settings, url=url, log=log) as process:
            _, kept = await eventually(lambda: _waiting(database), lambda found: found[0] == 5 and found[1] is not None)
            names = {"DOCUMENT": f"{events[0].web_case_id}-1", "RECORD": str(kept)}
            token = issuer.token(provider, subject="olga")
            await hold(process, "d365_sync.toml", tmp_path, examples=10, TOKEN=token, **names)


async def _waiting(database: Database) -> tuple[int, int | None]:
    """The number of dead letters, and the ID of the record that was kept."""
    async with database.connect() as connection:
        return (
            await connection.fetchval("SELECT count(*) FROM d365_sync.documents WHERE state = 'failed'"),
            await connection.fetchval("SELECT id FROM d365_sync.unreadable_records"),
        )

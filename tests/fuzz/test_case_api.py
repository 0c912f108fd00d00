"""case-api as a process, on real PostgreSQL and Kafka, keeps what its OpenAPI document promises."""

from pathlib import Path

import pytest

from case_shared.kafka.topics import CASE_DELIVERY, CASE_SUBMITTED
from tests.fuzz.promises import hold
from tests.integration.case_api.conftest import DEALER, fill_lists
from tests.integration.case_api.test_service import serving
from tests.support import issuer
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.patience import PATIENCE


@pytest.mark.timeout(300 * PATIENCE)
async def test_it_keeps_what_its_document_promises(database: Database, broker: Broker, tmp_path: Path) -> None:
    await fill_lists(database)
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY)
    settings = {**broker.environment(), "RATE_LIMIT_USER_PER_MINUTE": "0"}
    async with serving(database, settings, tmp_path / "log") as process:
        token = issuer.token(process.environment["OIDC_ISSUER"], DEALER)
        await hold(process, "case_api.toml", tmp_path, examples=25, TOKEN=token)

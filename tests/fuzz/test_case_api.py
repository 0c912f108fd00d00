"""schemathesis against case-api as a process, on real PostgreSQL and Kafka: examples, limits, walks along links."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from case_shared.topics import CASE_DELIVERY, CASE_SUBMITTED
from tests.integration.case_api.conftest import DEALER, fill_lists
from tests.integration.case_api.test_service import serving
from tests.support import issuer
from tests.support.brokers import Broker
from tests.support.databases import Database

FOLDER = Path(__file__).parent


@pytest.mark.timeout(300)
async def test_it_keeps_what_its_document_promises(database: Database, broker: Broker, tmp_path: Path) -> None:
    await fill_lists(database)
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY)
    async with serving(database, broker.environment(), tmp_path / "log") as process:
        token = issuer.token(process.environment["OIDC_ISSUER"], DEALER)
        command = [
            str(Path(sys.executable).parent / "schemathesis"),
            "--config-file",
            str(FOLDER / "schemathesis.toml"),
        ]
        command += ["run", f"{process.url}/openapi.json", "--seed", "1", "--max-examples", "25", "--no-color"]
        environment = {"TOKEN": token, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        run = await asyncio.to_thread(
            subprocess.run, command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        print(run.stdout, run.stderr)
        assert run.returncode == 0
        assert "request_failed" not in process.output()

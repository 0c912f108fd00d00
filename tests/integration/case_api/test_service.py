"""case-api as a process: it starts, works end to end, and stops."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from case_shared.kafka.topics import CASE_DELIVERY, CASE_SUBMITTED
from case_shared.words.events import CaseDelivery, Record, SubmissionState
from tests.integration.case_api.conftest import CASES, DEALER, DRAFT, fill_lists
from tests.support import issuer
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.nightly import at_night
from tests.support.patience import PATIENCE
from tests.support.processes import Process, free_port, running
from tests.support.submissions import store_document


@asynccontextmanager
async def serving(database: Database, settings: dict[str, str], log: Path) -> AsyncIterator[Process]:
    port = free_port()
    async with issuer.issuer() as provider:
        environment = {
            **settings,
            "DATABASE_URL": database.url("case_api"),
            "OIDC_ISSUER": provider,
            "PORT": str(port),
        }
        url = f"http://127.0.0.1:{port}"
        async with running("case_api", "serve", environment=environment, url=url, log=log) as process:
            yield process


def client(process: Process) -> aiohttp.ClientSession:
    token = issuer.token(process.environment["OIDC_ISSUER"], DEALER)
    return aiohttp.ClientSession(process.url, headers={"Authorization": f"Bearer {token}"})


async def test_a_submission_goes_to_kafka_and_its_outcome_comes_back(
    database: Database, broker: Broker, tmp_path: Path
) -> None:
    await fill_lists(database)
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY)
    async with serving(database, broker.environment(), tmp_path / "log") as process, client(process) as dealer:
        async with dealer.post(CASES, json=DRAFT) as answer:
            case = await answer.json()
        path = f"{CASES}/{case['web_case_id']}/submission"
        async with dealer.post(path, headers={"If-Match": '"1"'}) as answer:
            assert answer.status == 202
        (event,) = await eventually(broker.submissions)
        delivery = CaseDelivery(
            web_case_id=event.web_case_id,
            submission_no=1,
            submission_id=event.submission_id,
            revision=1,
            state=SubmissionState.DELIVERED,
            case_id="C-1",
            occurred_at=datetime.now(UTC),
        )
        await store_document(database, delivery)
        await broker.send(Record.of(delivery, source="d365-sync", time=delivery.occurred_at, traceparent=None))

        async def state() -> str:
            async with dealer.get(path) as answer:
                found: str = (await answer.json())["state"]
                return found

        await eventually(state, lambda found: found == "delivered")

        async def metrics() -> str:
            async with dealer.get("/metrics") as answer:
                return await answer.text()

        # Kafka's subscribers may be faster than the publisher, which counts what it has noted.
        counted = 'casebridge_outbox_published_total{topic="case.submitted.v1"} 1.0'
        await eventually(metrics, lambda shown: counted in shown)
        async with dealer.get("/healthz") as answer:
            assert answer.status == 200
        assert await process.stop() == 0
    assert case["web_case_id"] in process.output()


async def test_without_kafka_it_serves_and_says_so(database: Database, tmp_path: Path) -> None:
    await fill_lists(database)
    # Time for the outbox to fail at least once before the service is not ready any more.
    settings = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "KAFKA_START_SECONDS": f"{6 * PATIENCE:g}"}
    async with serving(database, settings, tmp_path / "log") as process, client(process) as dealer:
        async with dealer.post(CASES, json=DRAFT) as answer:
            case = await answer.json()
        path = f"{CASES}/{case['web_case_id']}/submission"
        async with dealer.post(path, headers={"If-Match": '"1"'}) as answer:
            assert answer.status == 202

        async def outbox_is_fine() -> bool:
            async with dealer.get("/readyz") as answer:
                assert answer.status == 200
                fine: bool = (await answer.json())["checks"]["outbox"]
                return fine

        await eventually(outbox_is_fine, lambda fine: not fine)

        async def why_not_ready() -> dict[str, str]:
            async with dealer.get("/readyz") as answer:
                reasons: dict[str, str] = (await answer.json())["reasons"]
                return reasons if answer.status == 503 else {}

        # Whoever rolls out settings that reach no broker sees it.
        reasons = await eventually(why_not_ready, lambda found: {"consumers", "live_reader"} <= found.keys())
        assert "case.delivery.v1 has not joined group" in reasons["consumers"]
        assert "since the service started: Kafka" in reasons["live_reader"]
        assert await process.stop() == 0


async def test_a_submission_whose_answer_died_with_the_process_is_answered_by_its_key(
    database: Database, tmp_path: Path
) -> None:
    await fill_lists(database)
    faults = tmp_path / "faults"
    faults.mkdir()
    settings = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "FAULT_POINTS_DIR": str(faults)}
    async with serving(database, settings, tmp_path / "log") as process, client(process) as dealer:
        async with dealer.post(CASES, json=DRAFT) as answer:
            path = f"{CASES}/{(await answer.json())['web_case_id']}/submission"
        headers = {"If-Match": '"1"', "Idempotency-Key": "k"}
        (faults / "submission_committed").write_text("kill")
        with pytest.raises(aiohttp.ClientError):
            await dealer.post(path, headers=headers)
        assert process.running is not None
        process.running.wait()
        process.start()
        await process.ready()
        async with dealer.post(path, headers=headers) as answer:
            assert (answer.status, answer.headers["Idempotency-Replayed"]) == (202, "true")
    async with database.connect() as connection:
        assert await connection.fetchval("SELECT count(*) FROM case_api.submissions") == 1


@pytest.mark.parametrize("command", ["serve", *at_night("migrate")])
async def test_wrong_settings_are_named(command: str, tmp_path: Path) -> None:
    process = Process("case_api", (command,), {"PORT": "nonsense"}, "", tmp_path / "log")
    process.start()
    assert process.running is not None
    assert process.running.wait(20 * PATIENCE) == 2
    assert "Set KAFKA_BOOTSTRAP_SERVERS: the addresses of Kafka" in process.output()

"""The process as it runs: Kafka in, D365, Kafka out; bad settings and signals."""

import sys
from pathlib import Path

import aiohttp
import pytest

from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED, topic_name
from case_shared.words.events import CaseStatus, CaseStatusChanged, CaseSubmitted, Record
from d365_sync.__main__ import main
from tests.integration.d365_sync.conftest import QUICK, cases_of, submitted
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.processes import free_port, running
from tests.support.sandbox import Sandbox
from tests.support.submissions import store_submissions


def environment(database: Database, broker: Broker, d365: Sandbox, **more: str) -> dict[str, str]:
    """The service's settings."""
    return {
        **broker.environment(),
        **d365.environment(),
        **{name.upper(): str(value) for name, value in QUICK.items()},
        "DATABASE_URL": database.url("d365_sync"),
        "OIDC_ISSUER": "http://127.0.0.1:1",
        **more,
    }


def record(event: CaseSubmitted) -> Record:
    """The record as case-api sends it."""
    return Record.of(event, source="case-api", time=event.submitted_at, traceparent=None)


async def test_from_kafka_to_d365_to_kafka_and_sigterm_with_0(
    database: Database, broker: Broker, d365: Sandbox, tmp_path: Path
) -> None:
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED)
    port = free_port()
    settings = environment(database, broker, d365, PORT=str(port))
    url, log = f"http://127.0.0.1:{port}", tmp_path / "log"
    async with running("d365_sync", "serve", environment=settings, url=url, log=log) as process:
        events = [submitted() for _ in range(5)]
        await store_submissions(database, *events)
        await broker.send(*(record(event) for event in events))

        async def delivered() -> dict[str, int]:
            found = [one for one in await broker.deliveries() if one.state == "delivered"]
            return {one.web_case_id: one.revision for one in found}

        first = await eventually(delivered, lambda found: len(found) == 5)
        assert len(await cases_of(d365, *events)) == 5

        async def read_events() -> int:
            return len([one for one in await broker.deliveries() if one.web_case_id == events[0].web_case_id])

        async def noted() -> bool:
            async with database.connect() as connection:
                return not await connection.fetchval(
                    "SELECT exists(SELECT FROM d365_sync.documents WHERE revision > published_revision)"
                )

        # Until the publisher has noted what Kafka has, its record is the answer to the known event, too.
        await eventually(noted)
        counted = await read_events()
        # A known event: the state is published again, D365 gets no new request.
        await broker.send(record(events[0]))
        await eventually(read_events, lambda count: count > counted)
        assert await delivered() == first
        assert len(await cases_of(d365, *events)) == 5
        async with aiohttp.ClientSession() as session:
            for path in ("/healthz", "/metrics"):
                async with session.get(url + path) as answer:
                    assert answer.status == 200
            # A machine that stood still for some seconds lets Kafka expel the consumers, which join again.
            await process.ready()
            async with session.get(url + "/v1/documents") as answer:
                assert answer.status == 401
        assert await process.stop() == 0


async def test_evidence_from_kafka_delivers_a_dead_letter_and_bad_records_are_kept(
    database: Database, broker: Broker, d365: Sandbox, tmp_path: Path
) -> None:
    await broker.create(CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED)
    await d365.fault(kind="reject", operation="create")
    port = free_port()
    settings = environment(database, broker, d365, PORT=str(port))
    async with running(
        "d365_sync", "serve", environment=settings, url=f"http://127.0.0.1:{port}", log=tmp_path / "log"
    ):
        event = submitted()
        await store_submissions(database, event)
        async with broker.producer() as producer:
            await producer.send_and_wait(topic_name(broker.settings, CASE_SUBMITTED), b"\xff not JSON", b"key")
        await broker.send(record(event))

        async def state() -> str | None:
            async with database.connect() as connection:
                found: str | None = await connection.fetchval(
                    "SELECT state FROM d365_sync.documents WHERE web_case_id = $1", event.web_case_id
                )
                return found

        await eventually(state, lambda value: value == "failed")

        async def kept() -> list[bytes]:
            async with database.connect() as connection:
                rows = await connection.fetch("SELECT value FROM d365_sync.unreadable_records")
            return [bytes(row["value"]) for row in rows]

        # The two records may be in different partitions, which are read in any order.
        assert await eventually(kept) == [b"\xff not JSON"]
        seen = CaseStatusChanged(
            dealer=event.dealer,
            web_case_id=event.web_case_id,
            case_id="CASE-9",
            submission_id=event.submission_id,
            status=CaseStatus.SUBMITTED,
            status_as_of=event.submitted_at,
        )
        async with database.connect() as connection:
            await connection.execute("UPDATE case_api.cases SET case_id = 'CASE-9'")
        await broker.send(Record.of(seen, source="status-sync", time=event.submitted_at, traceparent=None))

        await eventually(state, lambda value: value == "delivered")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"D365_MAX_CONCURRENCY": "0"}, "D365_MAX_CONCURRENCY"),
        ({"D365_SETTLE_SECONDS": "0.5"}, "D365_SETTLE_SECONDS"),
        ({"D365_MAPPING": "{folder}/not-unique.toml"}, "D365_ACCEPT_RARE_DUPLICATES"),
        ({"D365_MAPPING": "{folder}/unknown-key.toml"}, "D365_MAPPING"),
        ({"D365_TOKEN_URL": ""}, "D365_TOKEN_URL: not set, so the secret would go to D365 itself"),
    ],
)
def test_wrong_settings_are_named_and_end_with_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    named: str,
) -> None:
    (tmp_path / "not-unique.toml").write_text("web_case_id_unique = false\n")
    (tmp_path / "unknown-key.toml").write_text("[case]\nentity = 'X'\n")
    good = {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "OIDC_ISSUER": "http://127.0.0.1:1",
        "D365_URL": "http://127.0.0.1:1",
        "D365_TOKEN_URL": "http://127.0.0.1:1/t",
        "D365_CLIENT_ID": "x",
        "D365_CLIENT_SECRET": "do-not-tell",
        **{name.upper(): str(value) for name, value in QUICK.items()},
    }
    for name, value in {**good, **changes}.items():
        monkeypatch.setenv(name, value.format(folder=tmp_path))
    monkeypatch.setattr(sys, "argv", ["d365-sync", "serve"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert named in said
    assert "do-not-tell" not in said

"""Every service through PgBouncer in transaction mode, where each transaction may meet another connection."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from case_shared.d365.check.report import Proof, Report, Step, StepId, ok
from case_shared.d365.check.settings_step import read_settings
from case_shared.database.postgres import SearchPathMissing, create_pool
from case_shared.process.settings import STATEMENTS
from case_shared.process.settings import Pooler as Kind
from casebridge.commands.d365_check import stored_checks
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.pooler import pooler
from tests.support.portal import DEALER, portal
from tests.support.replicas import fleet
from tests.support.sandbox import Sandbox

CASES = 12
DELIVERED = "SELECT count(*) FROM case_api.submission_states WHERE state = 'delivered'"
PROVEN = Report((Step(StepId.WRITE, (ok("unique"),)),), Proof("C-1", datetime.now(UTC)))
KEPT = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND datname = current_database()"


@pytest.mark.parametrize("prepares", [False, True], ids=["before 1.21", "with prepared statements"])
async def test_cases_go_their_way_through_a_pooler(
    database: Database, broker: Broker, d365: Sandbox, tmp_path: Path, prepares: bool
) -> None:
    size = str(STATEMENTS if prepares else 0)
    pooled = {"DATABASE_POOLER": "transaction", "DATABASE_STATEMENT_CACHE_SIZE": size}
    async with (
        pooler(database, prepares=prepares) as between,
        fleet(database, broker, d365, tmp_path) as started,
    ):
        apis = await started.pair("case_api", DATABASE_URL=between.url("case_api"), **pooled)
        for service in ("d365_sync", "status_sync"):
            await started.start(service, DATABASE_URL=between.url(service), **pooled)
        async with portal(started.token(DEALER), *(process.url for process in apis)) as dealer:
            await asyncio.gather(*(dealer.submit(description=f"number {number}") for number in range(CASES)))

            async def delivered() -> int:
                async with database.connect() as connection:
                    found: int = await connection.fetchval(DELIVERED)
                    return found

            await eventually(delivered, lambda count: count == CASES, within_seconds=30)
            pages = await asyncio.gather(*(dealer.call("GET", "/cases?limit=5&counts=true") for _ in range(20)))
            assert {page.status_code for page in pages} == {200}
            assert all(len(page.json()["items"]) == 5 for page in pages)
            exported = await dealer.call("GET", "/cases.csv")
            assert exported.status_code == 200
            assert exported.text.count(",number ") == CASES
        async with database.connect() as connection:
            assert await connection.fetchval(KEPT, "case_api") <= 3
        for process in started.processes:
            assert "does not exist" not in process.output()
            assert "request_failed" not in process.output()


async def test_a_role_without_its_search_path_is_named(database: Database) -> None:
    async with database.connect() as connection:
        await connection.execute(f"ALTER ROLE case_api IN DATABASE {database.name} SET search_path = public")
    async with pooler(database, prepares=False) as between:
        with pytest.raises(SearchPathMissing, match=r"run roles\.sql again"):
            await create_pool(
                between.url("case_api"),
                schema="case_api",
                name="t",
                size=2,
                statements=0,
                pooler=Kind.TRANSACTION,
            )


@pytest.mark.parametrize("prepares", [False, True], ids=["before 1.21", "with prepared statements"])
async def test_a_check_keeps_its_result_behind_a_pooler(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], prepares: bool
) -> None:
    async with pooler(database, prepares=prepares) as between:
        for name, value in {
            "D365_URL": "http://127.0.0.1:1",
            "D365_TOKEN_URL": "http://127.0.0.1:1/token",
            "D365_CLIENT_ID": "casebridge",
            "D365_CLIENT_SECRET": "development-client-secret",
            "DATABASE_URL": between.url("d365_sync"),
            "DATABASE_POOLER": "transaction",
            "DATABASE_STATEMENT_CACHE_SIZE": str(STATEMENTS if prepares else 0),
        }.items():
            monkeypatch.setenv(name, value)
        settings, problems = read_settings()
        assert settings, problems
        async with AsyncExitStack() as stack:
            for _ in range(2):  # of the second one's statements, the server knows some already
                checks = await stored_checks(stack, settings)
                assert checks, capsys.readouterr().err
                await checks.store(PROVEN, written=True)
                assert await checks.proof()

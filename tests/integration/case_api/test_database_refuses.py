"""PostgreSQL that is read-only or has no connection left: 503, not ready, and recovery without a restart."""

from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from tests.integration.case_api.conftest import CASES, DRAFT, Api, fill_lists
from tests.integration.case_api.test_service import client, serving
from tests.support.databases import Database
from tests.support.eventually import eventually

UNAVAILABLE = "urn:casebridge:problem:unavailable"
SETTINGS = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "RATE_LIMIT_USER_PER_MINUTE": "0"}


async def created(dealer: aiohttp.ClientSession) -> tuple[int, int]:
    """The status of the answers to a new draft and to `/readyz`."""
    async with dealer.post(CASES, json=DRAFT) as answer:
        if answer.status == 503:
            assert answer.headers["Retry-After"] == "5"
            assert (await answer.json())["type"] == UNAVAILABLE
    async with dealer.get("/readyz") as ready:
        return answer.status, ready.status


async def as_superuser(database: Database, *statements: str) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_database_that_only_reads_is_reported_and_followed(database: Database, tmp_path: Path) -> None:
    await fill_lists(database)
    name = database.superuser_url.rpartition("/")[2]
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'case_api'"
    async with serving(database, SETTINGS, tmp_path / "log") as process, client(process) as dealer:

        async def seen() -> tuple[int, int]:
            return await created(dealer)

        assert await seen() == (201, 200)
        # For all connections immediately, as an operator or a failover does it.
        await as_superuser(database, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        try:
            await eventually(seen, lambda found: found == (503, 503))
            async with dealer.get(CASES) as answer:
                assert answer.status == 200
        finally:
            await as_superuser(
                database,
                "SET default_transaction_read_only = off",
                "ALTER SYSTEM RESET default_transaction_read_only",
                "SELECT pg_reload_conf()",
            )
        await eventually(seen, lambda found: found == (201, 200))
        # Only for new connections: the pool must not keep them when it is over.
        await as_superuser(database, f"ALTER DATABASE {name} SET default_transaction_read_only = on", cut)
        await eventually(seen, lambda found: found == (503, 503))
        await as_superuser(
            database,
            "SET default_transaction_read_only = off",
            f"ALTER DATABASE {name} RESET default_transaction_read_only",
        )
        await eventually(seen, lambda found: found == (201, 200))
        assert process.running is not None
        assert process.running.poll() is None
    assert "request_failed" not in process.output()


async def test_a_role_without_a_connection_left(api: Api) -> None:
    pool: Any = api.service.pool
    await as_superuser(api.database, "ALTER ROLE case_api CONNECTION LIMIT 0")
    try:
        async with pool.acquire():
            answer = await api.client.post(CASES, json=DRAFT)
            assert (answer.status_code, answer.json()["type"]) == (503, UNAVAILABLE)
            assert answer.headers["Retry-After"] == "5"
    finally:
        await as_superuser(api.database, "ALTER ROLE case_api CONNECTION LIMIT -1")
    assert (await api.client.post(CASES, json=DRAFT)).status_code == 201

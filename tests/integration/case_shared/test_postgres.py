"""Closing the pool takes limited time, whatever the database does; passwords change while it is in use."""

import asyncio
import time
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from prometheus_client import REGISTRY

from case_shared.database.errors import retry_after
from case_shared.database.postgres import close_pool, create_pool, measure_pool
from case_shared.process.secret_files import FileSecret
from tests.support.databases import PASSWORD, Database, with_user
from tests.support.patience import PATIENCE


async def test_a_statement_that_hangs_does_not_delay_the_end(database: Database) -> None:
    async with database.pool("case_api") as pool:
        hanging = asyncio.create_task(pool.execute("SELECT pg_sleep(60)"))
        while pool.get_idle_size() == pool.get_size():  # noqa: ASYNC110 - until it has its connection
            await asyncio.sleep(0)
        began = time.monotonic()

        await close_pool(pool)

        assert time.monotonic() - began < 4 * PATIENCE
        assert isinstance((await asyncio.gather(hanging, return_exceptions=True))[0], Exception)


async def test_the_metrics_show_the_connections_of_a_pool(database: Database) -> None:
    def shown() -> list[float | None]:
        name = "casebridge_database_connections"
        states = ("in_use", "idle", "most")
        return [REGISTRY.get_sample_value(name, {"pool": "test", "state": state}) for state in states]

    async with database.pool("case_api", size=3) as pool:
        measure_pool(pool, "test")
        async with pool.acquire():
            assert shown() == [1, 0, 3]
        assert shown() == [0, 1, 3]


async def test_a_password_that_is_changed_needs_no_restart(database: Database, tmp_path: Path) -> None:
    role = f"rotated_{uuid4().hex[:12]}"
    file = tmp_path / "url"
    file.write_text(with_user(database.superuser_url, role))
    async with database.connect() as superuser:
        await superuser.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")
        await superuser.execute(f"GRANT CONNECT ON DATABASE {database.name} TO {role}")
        pool = await create_pool(FileSecret(file).get_secret_value, schema="public", name="t", size=3)
        try:
            assert await pool.fetchval("SELECT 1") == 1
            await superuser.execute(f"ALTER ROLE {role} PASSWORD 'another'")
            async with pool.acquire() as first:
                assert await first.fetchval("SELECT 1") == 1  # it stays open
                with pytest.raises(asyncpg.InvalidPasswordError) as refused:
                    await pool.fetchval("SELECT 1")
                assert retry_after(refused.value) == 5
                file.write_text(with_user(database.superuser_url, role).replace(f":{PASSWORD}@", ":another@"))
                assert await pool.fetchval("SELECT 1") == 1
        finally:
            await pool.close()
            await superuser.execute(f"REVOKE ALL ON DATABASE {database.name} FROM {role}")
            await superuser.execute(f"DROP ROLE {role}")

"""Closing the pool takes limited time, whatever the database does."""

import asyncio
import time

from prometheus_client import REGISTRY

from case_shared.database.postgres import close_pool, measure_pool
from tests.support.databases import Database
from tests.support.patience import PATIENCE


async def test_a_statement_that_hangs_does_not_hold_the_end_up(database: Database) -> None:
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

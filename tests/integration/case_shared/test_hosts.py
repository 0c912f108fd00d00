"""Addresses that name several hosts: migrations and services use the one that takes changes, and follow it."""

import time
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from case_shared.database import migrations
from case_shared.database.errors import UNREACHABLE
from case_shared.database.postgres import create_pool, takes_writes
from tests.support.databases import PASSWORD, Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.processes import free_port
from tests.support.standby import pair


def beside(url: str, *others: str) -> str:
    """`url` with other hosts before its own."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}@{','.join([*others, host])}").geturl()


async def replayed(standby: str, position: str) -> bool:
    """Whether the standby has all up to this position."""
    connection = await asyncpg.connect(standby)
    try:
        return bool(await connection.fetchval("SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", position))
    finally:
        await connection.close()


async def test_migrations_and_pools_take_an_address_with_several_hosts(database: Database) -> None:
    gone = f"127.0.0.1:{free_port()}"
    migrations.upgrade(beside(database.url("case_migrations"), gone), package="case_api", schema="case_api")
    async with await create_pool(beside(database.url("case_api"), gone), schema="case_api", name="t", size=2) as pool:
        assert await takes_writes(pool)


async def test_what_takes_changes_is_found_and_followed(tmp_path: Path) -> None:
    async with pair(tmp_path) as servers:
        superuser = await asyncpg.connect(servers.leader.address)
        await superuser.execute("CREATE SCHEMA case_api")
        await superuser.execute("CREATE TABLE case_api.kept AS SELECT 1 AS one")
        await superuser.execute(f"CREATE ROLE case_api LOGIN PASSWORD '{PASSWORD}'")
        await superuser.execute("GRANT ALL ON SCHEMA case_api TO case_api; GRANT ALL ON case_api.kept TO case_api")
        await superuser.execute("CHECKPOINT")
        position = await superuser.fetchval("SELECT pg_current_wal_lsn()::text")
        await superuser.close()
        await eventually(lambda: replayed(servers.standby.address, position))
        address = servers.address("case_api", "postgres", PASSWORD)
        pool = await create_pool(address, schema="case_api", name="t", size=4)
        try:
            assert await takes_writes(pool)
            began = time.monotonic()
            await servers.promote()

            async def writes() -> bool:
                try:
                    await pool.execute("INSERT INTO kept VALUES (2)")
                except UNREACHABLE:
                    return False
                return True

            await eventually(writes, within_seconds=10)
            assert time.monotonic() - began < 10 * PATIENCE
        finally:
            await pool.close()

"""However many wait, a replica opens no more connections than docs/postgresql.md says."""

import asyncio
from pathlib import Path

import aiohttp

from tests.integration.case_api.conftest import CASES, DRAFT, fill_lists
from tests.integration.case_api.test_service import client, serving
from tests.support.databases import Database
from tests.support.eventually import eventually

SETTINGS = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "RATE_LIMIT_USER_PER_MINUTE": "0"}
# DATABASE_POOL_SIZE and LIST_POOL_SIZE.
MOST = 12 + 6
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'case_api' AND datname = current_database()"


async def test_a_replica_opens_no_more_connections_than_it_may(database: Database, tmp_path: Path) -> None:
    await fill_lists(database)
    async with (
        serving(database, SETTINGS, tmp_path / "log") as process,
        client(process) as dealer,
        database.connect() as superuser,
        database.connect() as watching,
    ):
        async with dealer.post(CASES, json=DRAFT) as answer:
            draft = f"{CASES}/{(await answer.json())['web_case_id']}"

        async def ask(path: str) -> int:
            async with dealer.get(path, timeout=aiohttp.ClientTimeout(60)) as answer:
                return answer.status

        async with superuser.transaction():
            await superuser.execute("LOCK TABLE case_api.cases IN ACCESS EXCLUSIVE MODE")
            asked = [asyncio.create_task(ask(path)) for path in (CASES, draft) for _ in range(40)]

            async def opened() -> int:
                found: int = await watching.fetchval(OPEN)
                assert found <= MOST
                return found

            await eventually(opened, lambda found: found == MOST)
        assert set(await asyncio.gather(*asked)) <= {200, 503}

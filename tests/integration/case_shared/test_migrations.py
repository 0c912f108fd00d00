"""A schema that a newer release has changed: an older one runs beside it, unless that release says that it cannot."""

import asyncio
from functools import partial

import pytest

from case_shared.database import migrations
from case_shared.kafka import migrate
from tests.support.databases import Database, cloned, create_template
from tests.support.eventually import eventually
from tests.support.servers import Servers

FUTURE = "9000"


async def newer(database: Database, oldest: str | None = None) -> None:
    """As a release that is not written yet leaves portal-web's schema."""
    async with database.connect() as connection:
        await connection.execute("UPDATE portal_web.schema_version SET version_num = $1", FUTURE)
        if oldest:
            await connection.execute(f"COMMENT ON TABLE portal_web.schema_version IS 'oldest code: {oldest}'")


async def test_a_newer_schema_is_left_as_it_is_and_named(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await newer(database, oldest="0001")
    monkeypatch.setenv("MIGRATIONS_DATABASE_URL", database.url("case_migrations"))
    migrate.run("portal_web")
    assert f"portal_web is at revision {FUTURE} of a newer release and stays there" in capsys.readouterr().out
    async with database.connect() as connection:
        assert await connection.fetchval("SELECT version_num FROM portal_web.schema_version") == FUTURE


async def test_one_that_dropped_what_this_release_uses_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await newer(database, oldest="8999")
    monkeypatch.setenv("MIGRATIONS_DATABASE_URL", database.url("case_migrations"))
    with pytest.raises(SystemExit, match=r"at revision 9000 and needs code that knows 8999; this release knows 0"):
        migrate.run("portal_web")


async def test_migrations_leave_word_of_the_oldest_code_that_can_run(database: Database) -> None:
    async with database.connect() as connection:
        said = await connection.fetchval("SELECT obj_description('case_api.schema_version'::regclass)")
    assert said == "oldest code: 0020"
    assert migrations.upgrade(database.url("case_migrations"), package="case_api", schema="case_api") is None


async def test_a_migration_gives_way_to_a_service_and_tries_again(running_servers: Servers) -> None:
    """The service has what the migration needs next, and needs what the migration has: PostgreSQL ends one of them."""
    template = await create_template(running_servers.postgres, {"case_api": "0013"})
    async with cloned(running_servers.postgres, template) as database, database.connect() as service:
        await service.execute("SET deadlock_timeout = '1min'")  # the migration notices first

        async def waits() -> bool:
            async with database.connect() as connection:
                return bool(await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

        upgrade = partial(migrations.upgrade, database.url("case_migrations"), package="case_api", schema="case_api")
        async with service.transaction():
            await service.execute("LOCK TABLE case_api.idempotency_keys IN ROW EXCLUSIVE MODE")
            migrating = asyncio.create_task(asyncio.to_thread(upgrade, revision="0014"))
            await eventually(waits)
            await service.execute("LOCK TABLE case_api.cases IN ROW EXCLUSIVE MODE")
        await migrating
        assert await service.fetchval("SELECT version_num FROM case_api.schema_version") == "0014"


async def test_a_migration_that_waits_says_for_what(
    database: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(migrations, "_SAY_SECONDS", 0.1)
    async with database.connect() as other:
        pid = await other.fetchval("SELECT pg_backend_pid() FROM pg_advisory_lock($1)", migrations._LOCK)
        upgrade = partial(migrations.upgrade, database.url("case_migrations"), package="case_api", schema="case_api")
        waiting = asyncio.create_task(asyncio.to_thread(upgrade))
        said = ""

        async def read() -> str:
            nonlocal said
            said += capfd.readouterr().err
            return said

        await eventually(read, lambda text: f"waiting for another migration (PostgreSQL's process {pid})" in text)
        assert "pg_terminate_backend" in said
    await waiting

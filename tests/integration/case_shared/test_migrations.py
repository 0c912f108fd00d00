"""A schema that a newer release has changed: an older one runs beside it, unless that release says that it cannot."""

import pytest

from case_shared.database import migrations
from case_shared.kafka import migrate
from tests.support.databases import Database

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

"""docs/backup.md, done: the disk is lost after an accident, the database comes back as it was before, all arrives."""

import re
import shutil
import time
from pathlib import Path

import pytest

from casebridge import servers
from casebridge.ports import free_ports
from casebridge.postgres import server_user
from tests.chaos.scenarios.test_restore import all_delivered, books, kill_all, lenient_d365, run_runbook, start_all
from tests.support import databases
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.portal import DEALER, Portal, portal
from tests.support.replicas import Fleet, fleet
from tests.support.sandbox import Sandbox
from tests.support.servers import FAST
from tests.support.standby import copy_cluster

__all__ = ["lenient_d365"]  # a fixture
pytestmark = pytest.mark.timeout(300 * PATIENCE)
GUIDE = (Path(__file__).parents[3] / "docs/backup.md").read_text(encoding="utf-8")
ARCHIVED = "SELECT last_archived_wal >= $1 FROM pg_stat_archiver"
SEGMENT_DIGITS = 24


def settings(heading: str, folder: Path) -> dict[str, str]:
    """PostgreSQL's settings below a heading of the guide, with this folder in place of its own."""
    found = re.search(rf"## {heading}\n.*?```ini\n(.*?)```", GUIDE, re.DOTALL)
    assert found, heading
    lines = re.findall(r"^ *(\w+) = '?(.*?)'?$", found[1], re.MULTILINE)
    return {name: value.replace("/backup/wal", str(folder)) for name, value in lines}


class Recoverable:
    """A PostgreSQL of the test's own, that archives its WAL."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.base, self.wal = folder / "own", folder / "base", folder / "wal"
        self.port = free_ports(1)[0]
        for one in (self.folder, self.wal):
            one.mkdir(parents=True)
        if user := server_user():
            shutil.chown(self.wal, user)
        self.archiving = {**FAST, **settings("Archive the WAL", self.wal)}
        self.server = servers.start_postgres(self.folder, self.port, self.archiving)

    def back_up(self) -> None:
        """Take a base backup, while it runs."""
        copy_cluster(self.server, self.folder, self.base)

    def forget_archived(self) -> None:
        """Let it archive its newest archived segment again, as after a crash before it had noted that this is done."""
        noted = self.folder.glob("postgres/pg_wal/archive_status/*.done")
        newest = max(one for one in noted if len(one.stem) == SEGMENT_DIGITS)
        newest.rename(newest.with_suffix(".ready"))

    def lose_disk(self) -> None:
        """Kill it, and take its files away."""
        self.server.kill()
        shutil.rmtree(self.folder / "postgres")

    def restore(self, at: str) -> None:
        """Begin to bring it back as it was at this time, from the base backup and the archive alone."""
        cluster = self.folder / "postgres"
        (self.base / "postgres").rename(cluster)
        for segment in (cluster / "pg_wal").glob("0*"):
            segment.unlink()
        (cluster / "recovery.signal").touch()
        wanted = {**settings("Restore", self.wal), "recovery_target_time": at}
        self.server = servers.start_postgres(self.folder, self.port, {**self.archiving, **wanted})


async def test_a_lost_disk_after_an_accident_loses_and_doubles_nothing(
    broker: Broker,
    lenient_d365: Sandbox,
    tmp_path: Path,
) -> None:
    postgres = Recoverable(tmp_path / "postgres")
    try:
        url = postgres.server.address
        database = Database(databases.with_database(url, await databases.create_template(url)))
        async with fleet(database, broker, lenient_d365, tmp_path) as started:
            await start_all(started)
            async with portal(started.token(DEALER), started.processes[0].url) as dealer:
                await story(started, dealer, postgres)
    finally:
        postgres.server.stop()


async def story(started: Fleet, dealer: Portal, postgres: Recoverable) -> None:
    database = started.database
    known = [await dealer.submit() for _ in range(3)]
    await all_delivered(database, *known)
    postgres.back_up()
    later = [await dealer.submit() for _ in range(3)]
    await all_delivered(database, *later)
    async with database.connect() as connection:
        before = await connection.fetchval("SELECT clock_timestamp()::text")
    after = [await dealer.submit() for _ in range(2)]
    await all_delivered(database, *after)
    kill_all(started)
    postgres.forget_archived()
    async with database.connect() as connection:
        await connection.execute("TRUNCATE case_api.cases CASCADE")
        last = await connection.fetchval("SELECT pg_walfile_name(pg_switch_wal())")
        # What archive_timeout would do within a minute.
        await eventually(lambda: connection.fetchval(ARCHIVED, last), within_seconds=30)
        assert await connection.fetchval("SELECT failed_count FROM pg_stat_archiver") == 0
    postgres.lose_disk()

    began = time.monotonic()
    postgres.restore(before)

    async def leads() -> bool:
        async with database.connect() as connection:
            return not await connection.fetchval("SELECT pg_is_in_recovery()")

    await eventually(leads, within_seconds=30)
    restored = time.monotonic() - began
    async with database.connect() as connection:
        found = {row["web_case_id"] for row in await connection.fetch("SELECT web_case_id FROM case_api.submissions")}
    assert found == {*known, *later}, "as it was at that time"
    run_runbook(started)
    await start_all(started)
    await all_delivered(database, *known, *later, *after)
    print(f"PostgreSQL leads after {restored:.1f} s, all is delivered after {time.monotonic() - began:.1f} s")
    anew = await dealer.submit()
    await all_delivered(database, anew)
    assert await books(started.d365) == sorted([*known, *later, *after, anew])

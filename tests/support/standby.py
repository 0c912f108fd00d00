"""A PostgreSQL of a test's own and a copy of it: a standby that follows it, or what a backup brings back."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psycopg

from casebridge import servers
from casebridge.postgres import server_user
from tests.support.servers import FAST


@dataclass
class Pair:
    """A server that takes changes, and the standby that follows it."""

    leader: servers.RunningServer
    standby: servers.RunningServer

    def address(self, role: str, database: str, password: str) -> str:
        """Both, the standby first."""
        places = ",".join(urlsplit(one.address).netloc.rpartition("@")[2] for one in (self.standby, self.leader))
        return f"postgresql://{role}:{password}@{places}/{database}"

    async def promote(self) -> None:
        """Kill -9 the leader, and let the standby lead."""
        self.leader.kill()
        connection = await asyncpg.connect(self.standby.address)
        try:
            await connection.execute("SELECT pg_promote()")
        finally:
            await connection.close()


def copy_cluster(server: servers.RunningServer, source: Path, target: Path) -> None:
    """A base backup of the running `server`, by the functions that tools for backups call, too."""
    target.mkdir(parents=True, exist_ok=True)
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("SELECT pg_backup_start('copy', fast => true)")
        # Owners are kept: as root, the server runs as somebody else. A file that goes meanwhile is no failure.
        subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=False, capture_output=True)
        row = connection.execute("SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)").fetchone()
    assert row is not None
    cluster = target / "postgres"
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    (cluster / "backup_label").write_text(row[0])
    if user := server_user():
        shutil.chown(cluster / "backup_label", user)


@asynccontextmanager
async def pair(folder: Path, settings: Mapping[str, str] | None = None) -> AsyncIterator[Pair]:
    """Two servers in `folder`."""
    one, other = folder / "one", folder / "other"
    await asyncio.to_thread(one.mkdir, parents=True)
    leader = servers.start_postgres(one, settings={**FAST, **(settings or {})})
    standby = None
    try:
        await asyncio.to_thread(copy_cluster, leader, one, other)
        await asyncio.to_thread((other / "postgres" / "standby.signal").touch)
        parts = urlsplit(leader.address)
        follow = f"host={parts.hostname} port={parts.port} user={parts.username} password={parts.password}"
        standby = servers.start_postgres(other, settings={**FAST, "primary_conninfo": follow})
        yield Pair(leader, standby)
    finally:
        leader.stop()
        if standby is not None:
            standby.stop()

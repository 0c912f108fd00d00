"""PgBouncer in transaction mode before a test's database; Debian's is installed where it is missing and can be."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from casebridge.postgres import UNPRIVILEGED
from tests.support.databases import PASSWORD, ROLES, Database, with_user
from tests.support.eventually import eventually
from tests.support.processes import free_port

# The first that keeps prepared statements for its clients.
PREPARES = (1, 21)
_APT_SECONDS = 40
CONFIGURATION = """\
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 500
"""


@dataclass(frozen=True)
class Pooler:
    """A PgBouncer that runs."""

    port: int
    database: Database

    def url(self, role: str) -> str:
        """The test's database through it."""
        parts = urlsplit(with_user(self.database.superuser_url, role))
        user = parts.netloc.rpartition("@")[0]
        return parts._replace(netloc=f"{user}@127.0.0.1:{self.port}").geturl()


@cache
def program() -> str:
    """Where it is; skips the test where it is missing and cannot be installed."""
    if shutil.which("pgbouncer") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "pgbouncer"]):
            with contextlib.suppress(subprocess.TimeoutExpired):  # a mirror that hangs is a missing PgBouncer
                subprocess.run(command, env=quiet, check=False, capture_output=True, timeout=_APT_SECONDS)
    found = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip("PgBouncer is missing and cannot be installed: apt install pgbouncer")
    return found


@cache
def version() -> tuple[int, int]:
    """Its version."""
    output = subprocess.run([program(), "--version"], check=True, capture_output=True, text=True).stdout
    match = re.search(r"PgBouncer (\d+)\.(\d+)", output)
    assert match, output
    return int(match[1]), int(match[2])


@asynccontextmanager
async def pooler(database: Database, *, prepares: bool, size: int = 3) -> AsyncIterator[Pooler]:
    """PgBouncer with `size` connections a role; skips where it cannot keep prepared statements, but must."""
    if prepares and version() < PREPARES:
        pytest.skip(f"PgBouncer {'.'.join(map(str, version()))} keeps no prepared statements: 1.21 does")
    server, own = urlsplit(database.superuser_url), free_port()
    with tempfile.TemporaryDirectory(prefix="casebridge-pooler-") as made:
        folder = Path(made)
        text = CONFIGURATION.format(host=server.hostname, port=server.port, own=own, folder=folder, size=size)
        if version() >= PREPARES:
            text += f"max_prepared_statements = {200 if prepares else 0}\n"
        _write(folder, text)
        user: dict[str, Any] = (
            {"user": UNPRIVILEGED, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        )
        with (folder / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                program(), str(folder / "pgbouncer.ini"), stdout=log, stderr=log, cwd="/", **user
            )
        started = Pooler(own, database)
        try:
            await eventually(lambda: _answers(started))
            yield started
        finally:
            process.kill()
            await process.wait()


def _write(folder: Path, configuration: str) -> None:
    """Its files, which another user reads."""
    (folder / "pgbouncer.ini").write_text(configuration)
    (folder / "users.txt").write_text("".join(f'"{role}" "{PASSWORD}"\n' for role in ROLES))
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)


async def _answers(started: Pooler) -> bool:
    try:
        connection = await asyncpg.connect(started.url("case_api"), statement_cache_size=0)
    except (OSError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True

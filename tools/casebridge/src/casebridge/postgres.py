"""PostgreSQL 18 as a local server: its binaries, its cluster, its process."""

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import psutil
import psycopg

from casebridge.download import fetch_jars, fetched
from casebridge.errors import OperationFailed, UsageError
from casebridge.output import Progress
from casebridge.passwords import password
from casebridge.ports import HOST
from casebridge.program import LAUNCHER, Program

VERSION = "18.4.0"
MAJOR = VERSION.partition(".")[0]
SUPERUSER = "postgres"
UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
PROBE_SECONDS = 2
PLATFORMS = {
    ("linux", "x86_64"): "linux-amd64",
    ("linux", "aarch64"): "linux-arm64v8",
    ("darwin", "x86_64"): "darwin-amd64",
    ("darwin", "arm64"): "darwin-arm64v8",
}
SETTINGS: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
}


def fetch(progress: Progress) -> Path:
    """The folder with PostgreSQL's `bin`, downloaded if necessary."""
    kind = PLATFORMS.get((sys.platform, platform.machine()))
    if kind is None:
        raise UsageError(
            f"no PostgreSQL build is available for {sys.platform} on {platform.machine()}: use Docker Compose"
        )
    coordinates = f"io.zonky.test.postgres:embedded-postgres-binaries-{kind}:{VERSION}"
    return fetched(f"postgres-{VERSION}-{kind}", lambda folder: unpack(coordinates, folder, progress))


def unpack(coordinates: str, folder: Path, progress: Progress) -> None:
    """Download the jar and unpack the archive in it into `folder`."""
    with tempfile.TemporaryDirectory(dir=folder) as repository:
        [jar] = fetch_jars(coordinates, Path(repository), progress, transitive=False)
        with zipfile.ZipFile(jar) as archive:
            [inner] = [name for name in archive.namelist() if name.endswith(".txz")]
            with archive.open(inner) as packed, tarfile.open(fileobj=packed, mode="r|xz") as files:
                # By attribute: Python before 3.11.4 (Debian 12's) does not know filters, nor the argument for them.
                files.extraction_filter = getattr(tarfile, "data_filter", None)
                files.extractall(folder)  # noqa: S202 - the filter is set above, and the jar's digest was checked


def server_user() -> str | None:
    """The user that the server must run as; None for the current user."""
    return UNPRIVILEGED if os.geteuid() == 0 else None


def create_cluster(binaries: Path, cluster: Path, superuser_password: str) -> None:
    """Create the data folder of a server if it does not exist, as a whole or not at all."""
    if cluster.exists():
        check_version(cluster)
        return
    partial = cluster.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    password_file = partial.with_suffix(".password")
    password_file.write_text(superuser_password)
    user = server_user()
    if user:
        shutil.chown(partial, user)
        shutil.chown(password_file, user)
    arguments = ["--pgdata", str(partial), "--username", SUPERUSER, "--pwfile", str(password_file)]
    arguments += ["--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync", "--no-instructions"]
    arguments += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(int(signal.SIGKILL)), str(os.getpid()), user or "-"]
    done = subprocess.run(
        [*launcher, str(binaries / "bin" / "initdb"), *arguments],
        cwd=cluster.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    password_file.unlink()
    if done.returncode:
        hint = f" (it runs as user {user}, who needs read access to {binaries} and {partial})" if user else ""
        raise OperationFailed(f"PostgreSQL's initdb failed{hint}: {done.stderr.strip()}")
    partial.rename(cluster)


def check_version(cluster: Path) -> None:
    """Refuse a cluster that another major version wrote."""
    found = (cluster / "PG_VERSION").read_text().strip()
    if found != MAJOR:
        raise UsageError(
            f"{cluster} was written by PostgreSQL {found}, but this is {MAJOR}: choose another folder with --data-dir"
        )


def program(
    data_dir: Path, port: int, progress: Progress, settings: Mapping[str, str] | None = None
) -> tuple[Program, str]:
    """The server of this data folder, its cluster created if necessary, and the superuser's URL of its database."""
    binaries = fetch(progress)
    cluster = data_dir / "postgres"
    superuser_password = password(data_dir, SUPERUSER)
    create_cluster(binaries, cluster, superuser_password)
    url = f"postgresql://{SUPERUSER}:{superuser_password}@{HOST}:{port}/postgres"
    options = {**SETTINGS, "port": str(port), **(settings or {})}
    flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
    server = Program(
        name="postgres",
        argv=(str(binaries / "bin" / "postgres"), "-D", str(cluster), *flags),
        folder=cluster,
        environment={"PATH": os.defpath, "TZ": "UTC"},
        is_ready=lambda: accepts(url),
        stop_signal=signal.SIGINT,  # "fast": clients are disconnected, a checkpoint is written
        orphan_signal=signal.SIGQUIT,  # "immediate": its backends end too
        user=server_user(),
        prepare=lambda: clear_leftovers(cluster),
    )
    return server, url


def accepts(url: str) -> bool:
    """Whether the server accepts connections."""
    try:
        psycopg.connect(url, connect_timeout=PROBE_SECONDS).close()
    except psycopg.OperationalError:
        return False
    return True


def clear_leftovers(cluster: Path) -> None:
    """End what a killed server left running, and delete its PID file if another process has that ID now.

    A new server refuses to start while a backend of the old one runs, or any process has the old one's ID.
    """
    leftovers = [process for process in psutil.process_iter(["name", "cwd"]) if is_backend(process, cluster)]
    for process in leftovers:
        # They notice by themselves that the server is gone, and may end at this moment.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(leftovers)
    pid_file = cluster / "postmaster.pid"
    if pid_file.exists() and psutil.pid_exists(int(pid_file.read_text().split()[0])):
        pid_file.unlink()


def is_backend(process: psutil.Process, cluster: Path) -> bool:
    """Whether it is a PostgreSQL process that works in this folder."""
    return bool(process.info["name"] == "postgres" and process.info["cwd"] == str(cluster))

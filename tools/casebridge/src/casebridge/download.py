"""Fetches PostgreSQL and Kafka from Maven Central by their coordinates, once, into a cache folder."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from platformdirs import user_cache_path

from casebridge.errors import OperationFailed
from casebridge.output import Progress

TIMEOUT_SECONDS = 60

Fetch = Callable[[Path], None]


def cache_folder() -> Path:
    """The folder for downloads: `CASEBRIDGE_CACHE_DIR`, or the user's cache folder."""
    configured = os.environ.get("CASEBRIDGE_CACHE_DIR")
    return Path(configured).expanduser().absolute() if configured else user_cache_path("casebridge")


def fetched(name: str, fetch: Fetch) -> Path:
    """The folder `name` of the cache, filled by `fetch` if it is not there yet.

    It appears as a whole or not at all: a killed fetch is repeated, and a second one at the same time waits.
    """
    cache = cache_folder()
    final = cache / name
    if final.is_dir():
        return final
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not final.is_dir():
            partial = cache / f"{name}.partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            fetch(partial)
            partial.rename(final)
    return final


def fetch_jars(coordinates: str, repository: Path, progress: Progress, *, transitive: bool) -> list[Path]:
    """Download an artifact, with its dependencies if `transitive`, below `repository`; verify every file.

    Raises OperationFailed if Maven Central cannot be reached, or if a file is not the locked one.
    """
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext, PythonResolver

    @contextmanager
    def report(filename: str, size: int) -> Iterator[Callable[[int], None]]:
        with progress.download(filename, size) as advance:
            yield advance

    resolver = PythonResolver(progress_callback=report)
    remote = {"central": MAVEN_CENTRAL_URL}
    context = MavenContext(resolver=resolver, repo_cache=repository, remote_repos=remote, timeout=TIMEOUT_SECONDS)
    progress.say("download", f"{coordinates}{' and what it needs' if transitive else ''}")
    wanted = context.create_dependency(coordinates)
    try:
        needed = resolver.resolve([wanted])[1] if transitive else []
        jars = [Path(dependency.artifact.resolve()) for dependency in [wanted, *needed]]
    except (OSError, RuntimeError) as error:
        raise OperationFailed(f"cannot download {coordinates} from Maven Central: {error}") from error
    verify(jars)
    return jars


def verify(jars: list[Path]) -> None:
    """Compare every file with its digest in artifacts.sha256; raises OperationFailed."""
    lines = resources.files("casebridge").joinpath("artifacts.sha256").read_text("ascii").splitlines()
    expected = {name: digest for digest, name in (line.split() for line in lines)}
    for jar in jars:
        if hashlib.sha256(jar.read_bytes()).hexdigest() != expected.get(jar.name):
            raise OperationFailed(f"{jar.name} does not match its checksum in artifacts.sha256, so it was not used")

"""Where the foreign clients run: each in its own environment, installed from the lock file next to it.

Indexes, registries and repositories come from the user's own settings of pip, uv, npm and Maven.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
PYTHON, NPM, JAVA = HERE / "python", HERE / "npm", HERE / "java"
DEPENDENCY_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
INSTALL_SECONDS = 600


class MissingTool(Exception):
    """A client's runtime is not on this machine; the message says what to install."""


@cache
def python_command() -> tuple[str, ...]:
    """The command of the Python client; raises `MissingTool`."""
    environment = PYTHON / ".venv"
    lock = PYTHON / "requirements.lock"
    program = environment / "bin/python"
    if not _is_current(environment, lock):
        uv = os.environ.get("UV") or shutil.which("uv")
        if uv is None:
            raise MissingTool("uv is missing: run this by `make foreign-clients`, or install it")
        _make_environment(uv, environment)
        _run(uv, "pip", "install", "--quiet", "--python", str(program), "--require-hashes", "-r", str(lock))
        _keep(environment, lock)
    return (str(program), str(PYTHON / "client.py"))


def _make_environment(uv: str, environment: Path) -> None:
    """Create it with a Python that d365fo-client supports: one of this machine, or one that uv may download."""
    shutil.rmtree(environment, ignore_errors=True)
    python = next(filter(_is_new_enough, _pythons()), "3.13")
    command = (uv, "venv", "--quiet", "--python", python, str(environment))
    if subprocess.run(command, check=False, capture_output=True).returncode:
        raise MissingTool("d365fo-client needs Python 3.13 or newer: install one, or name it in FOREIGN_PYTHON")


def _is_new_enough(python: str) -> bool:
    wanted = "import sys; sys.exit(sys.version_info < (3, 13))"
    return subprocess.run((python, "-c", wanted), check=False, capture_output=True).returncode == 0


def _pythons() -> Iterator[str]:
    names = (os.environ.get("FOREIGN_PYTHON", ""), "python3.14", "python3.13", "python3")
    yield from filter(None, map(shutil.which, filter(None, names)))
    yield from map(str, sorted(Path.home().glob(".pyenv/versions/3.1[3-9]*/bin/python3")))


@cache
def node_command(script: str) -> tuple[str, ...]:
    """The command of a client from npm; raises `MissingTool`."""
    node, npm = shutil.which("node"), shutil.which("npm")
    wanted = "process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)"
    if node is None or npm is None or subprocess.run([node, "-e", wanted], check=False).returncode:
        raise MissingTool(
            "o.js and @odata/client need Node 20 or newer and npm (Debian, Ubuntu: apt install nodejs npm)"
        )
    modules, lock = NPM / "node_modules", NPM / "package-lock.json"
    if not _is_current(modules, lock):
        _run(npm, "ci", "--silent", folder=NPM)
        _keep(modules, lock)
    return (node, str(NPM / script))


@cache
def java_command() -> tuple[str, ...]:
    """The command of the Java client; raises `MissingTool`."""
    java, maven = shutil.which("java"), shutil.which("mvn")
    if java is None or maven is None or shutil.which("javac") is None:
        raise MissingTool(
            "Olingo needs a JDK, 17 or newer, and Maven (Debian, Ubuntu: apt install openjdk-17-jdk maven)"
        )
    library, lock = JAVA / ".build/lib", JAVA / "checksums.sha256"
    if not _is_current(library, lock):
        shutil.rmtree(library, ignore_errors=True)
        goal = f"{DEPENDENCY_PLUGIN}:copy-dependencies"
        _run(maven, "-q", "-B", "-f", str(JAVA / "pom.xml"), goal, f"-DoutputDirectory={library}")
        found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in library.iterdir()}
        if found != (wanted := _checksums(lock)):
            raise AssertionError(f"{lock.name} has {wanted}, the repository gave {found}")
        _keep(library, lock)
    return (java, "-cp", f"{library}/*", str(JAVA / "OlingoClient.java"))


def _checksums(lock: Path) -> dict[str, str]:
    return {name: digest for digest, name in (line.split() for line in lock.read_text().splitlines())}


def _is_current(folder: Path, lock: Path) -> bool:
    kept = folder / ".locked"
    return kept.exists() and kept.read_bytes() == lock.read_bytes()


def _keep(folder: Path, lock: Path) -> None:
    (folder / ".locked").write_bytes(lock.read_bytes())


def _run(*command: str, folder: Path | None = None) -> None:
    """Run an installer, and once more if it fails: networks do."""
    for is_last in (False, True):
        done = subprocess.run(
            command, cwd=folder, check=False, capture_output=True, text=True, timeout=INSTALL_SECONDS
        )  # fmt: skip
        if done.returncode == 0:
            return
        assert not is_last, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"

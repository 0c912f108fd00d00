"""The state that a running stack stores in its data folder, for the other commands."""

import fcntl
import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from casebridge.errors import OperationFailed, UsageError


class ProcessState(StrEnum):
    """What a process does now."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"  # it ended, and starts again after a back-off
    STOPPED = "stopped"


class ProcessRecord(BaseModel):
    """One process of the stack; `started` is its `start_time`."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int | None
    state: ProcessState
    restarts: int
    started: float | None

    def is_alive(self) -> bool:
        """Whether this process, and not another one with its ID, still runs."""
        return self.pid is not None and start_time(self.pid) == self.started is not None


class StackState(BaseModel):
    """A running stack: its own process, its addresses, its processes."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started: float
    ready: bool
    urls: dict[str, str]
    issuer: str | None
    database_url: str | None = Field(repr=False)
    kafka: str | None
    processes: list[ProcessRecord]

    def is_alive(self) -> bool:
        """Whether the `casebridge up` that wrote it still runs."""
        return start_time(self.pid) == self.started


def start_time(pid: int) -> float | None:
    """What distinguishes the process with this ID from others that had or get this ID; None if there is none.

    It stays the same when the clock is set: on Linux it counts from the boot, elsewhere the system keeps the time that
    the clock had then. psutil's own time on Linux adds that of the boot, which moves with the clock.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return _ticks_since_boot(pid) if psutil.LINUX else process.create_time()
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return None


def _ticks_since_boot(pid: int) -> float:
    """Field 22 of Linux' /proc/PID/stat; the name before it, in brackets, may contain blanks and brackets."""
    _, _, fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")
    return float(fields.split()[19])


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; readers see the whole old or new text, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.rename(path)


def create_private(path: Path, make: Callable[[], str]) -> None:
    """Write what `make` returns, unless the file exists; of several at once the first one writes, the others wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if not path.exists():
            write_private(path, make())
    finally:
        os.close(folder)


def state_file(data_dir: Path) -> Path:
    """The file for a stack's state."""
    return data_dir / "run" / "state.json"


def save(data_dir: Path, state: StackState) -> None:
    """Store the state; it contains the database's password."""
    write_private(state_file(data_dir), state.model_dump_json())


def find_last(data_dir: Path) -> StackState | None:
    """The state of the last stack of this folder, running or not; None if there was none or it cannot be read."""
    try:
        return StackState.model_validate_json(state_file(data_dir).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def find_running(data_dir: Path) -> StackState | None:
    """The stack that runs on this folder, or None."""
    state = find_last(data_dir)
    return state if state and state.is_alive() else None


def find_elsewhere() -> StackState | None:
    """A stack that something else runs, such as Compose: CASEBRIDGE_URLS has its parts, `case-api=http://…,sandbox=…`.

    Raises UsageError if that cannot be parsed.
    """
    pairs = [
        entry.strip().partition("=") for entry in os.environ.get("CASEBRIDGE_URLS", "").split(",") if entry.strip()
    ]
    if not pairs:
        return None
    if wrong := [name for name, _, url in pairs if not url.startswith(("http://", "https://"))]:
        raise UsageError(
            f"CASEBRIDGE_URLS: no address for {', '.join(wrong)}; write case-api=http://…,d365-sync=http://…"
        )
    return StackState(
        pid=os.getpid(),
        started=0.0,
        ready=True,
        urls={name: url.rstrip("/") for name, _, url in pairs},
        issuer=os.environ.get("OIDC_ISSUER"),
        database_url=None,
        kafka=None,
        processes=[],
    )


def get_running(data_dir: Path) -> StackState:
    """The stack in CASEBRIDGE_URLS, or the one that runs on this folder; raises OperationFailed if there is none."""
    if state := find_elsewhere() or find_running(data_dir):
        return state
    raise OperationFailed(
        f"no stack is running in {data_dir}: start it with `make up`, or name its folder with --data-dir"
    )

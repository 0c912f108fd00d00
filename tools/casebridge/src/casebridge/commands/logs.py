"""`casebridge logs`: what the processes wrote."""

import errno
import os
import select
import sys
import time
from collections import deque
from pathlib import Path
from typing import Annotated, TextIO

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json
from casebridge.errors import UsageError
from casebridge.output import Progress, write_json

INTERVAL_SECONDS = 0.2


def logs(
    name: Annotated[str | None, typer.Argument(help="The process, as `casebridge ps` shows it. Default: all.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Continue with new lines until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option(min=0, help="The number of last lines of each process.")] = 20,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Print the last log lines of the stack's processes, whether they are running or not.

    --json prints one document per line.
    """
    progress = Progress(sys.stdout)
    tails = [LogTail(file) for file in find_logs(data_dir.resolve() / "logs", name)]
    show = (lambda name, line: write_json({"name": name, "line": line})) if json else progress.say
    for tail in tails:
        for line in tail.last(lines):
            show(tail.name, line)
    while follow:
        if is_unread():
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
        for tail in tails:
            for line in tail.new():
                show(tail.name, line)
        time.sleep(INTERVAL_SECONDS)


def is_unread() -> bool:
    """Whether stdout is a pipe whose reader has ended, as `head` does: nobody can write into it any more."""
    pipe = select.poll()
    pipe.register(sys.stdout, 0)
    return any(event & select.POLLERR for _, event in pipe.poll(0))


def find_logs(folder: Path, name: str | None) -> list[Path]:
    """The log files to read; raises UsageError if there are none."""
    found = sorted(folder.glob("*.log"))
    chosen = [file for file in found if name in {None, file.stem}]
    if not chosen:
        known = ", ".join(file.stem for file in found) or "none yet"
        raise UsageError(f"no log of {name or 'a stack'} in {folder}; the logs there are: {known}")
    return chosen


class LogTail:
    """Reads one log file from its end, across its rotation."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self._path = path
        self._file: TextIO = path.open(encoding="utf-8", errors="replace")

    def last(self, count: int) -> list[str]:
        """The last lines so far."""
        return [line.rstrip("\n") for line in deque(self._file, maxlen=count)]

    def new(self) -> list[str]:
        """The lines written since."""
        fresh = [line.rstrip("\n") for line in self._file]
        if not fresh and self._path.exists() and not os.path.samestat(os.fstat(self._file.fileno()), self._path.stat()):
            self._file.close()
            self._file = self._path.open(encoding="utf-8", errors="replace")
        return fresh

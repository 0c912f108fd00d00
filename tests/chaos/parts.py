"""The processes under test, kept running as by an orchestrator, which soon restarts what dies."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from casebridge.program import Program

RESTART_SECONDS = 0.3
_WATCH_SECONDS = 0.05
_STOP_SECONDS = 15.0


@dataclass
class Part:
    """One process; `kind` is the same for all replicas of a service. A stopped one is not restarted."""

    name: str
    kind: str
    program: Program
    log: Path
    held: bool = False
    _process: subprocess.Popen[bytes] | None = None
    _died_at: float | None = None

    @property
    def pid(self) -> int:
        """The process ID; of the last process if none runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs, frozen or not."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it."""
        self.held = False
        self._died_at = None
        self.program.prepare()
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.program.command(), cwd=self.program.folder, env=dict(self.program.environment),
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    async def ready(self, within_seconds: float) -> None:
        """Wait until it is ready; otherwise raises AssertionError with its last lines."""
        deadline = time.monotonic() + within_seconds
        while not await asyncio.to_thread(self.program.is_ready):
            assert time.monotonic() < deadline, f"{self.name} is not ready:\n{self.log.read_text()[-3000:]}"
            await asyncio.sleep(0.1)

    def tend(self) -> None:
        """Restart it if it has been dead for a moment."""
        if self.alive or self.held or self._process is None:
            return
        now = time.monotonic()
        if self._died_at is None:
            self._died_at = now
        elif now - self._died_at > RESTART_SECONDS:
            self.start()

    def kill(self) -> None:
        """Kill -9."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def freeze(self) -> None:
        """SIGSTOP, with all its children (PostgreSQL's backends)."""
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        """SIGCONT."""
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    async def stop(self) -> int | None:
        """Stop it cleanly; it stays down until it is started. Returns its exit code, None if it never ran."""
        self.held = True
        self._signal(self.program.stop_signal)
        if self._process is not None:
            try:
                await asyncio.to_thread(self._process.wait, _STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
            return self._process.returncode
        return None

    def _family(self) -> list[psutil.Process]:
        try:
            process = psutil.Process(self.pid)
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _signal(self, number: signal.Signals) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


@dataclass
class Parts:
    """All of them, by name."""

    by_name: dict[str, Part] = field(default_factory=dict)
    _keeper: asyncio.Task[None] | None = None

    def add(self, name: str, kind: str, program: Program, folder: Path) -> Part:
        """Add a part without starting it."""
        part = self.by_name[name] = Part(name, kind, program, folder / f"{name}.log")
        return part

    def of(self, kind: str) -> list[Part]:
        """The replicas of a kind."""
        return [part for part in self.by_name.values() if part.kind == kind]

    def keep(self) -> None:
        """Begin to restart what dies."""
        self._keeper = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while True:
            for part in list(self.by_name.values()):
                await asyncio.to_thread(part.tend)
            await asyncio.sleep(_WATCH_SECONDS)

    async def end(self) -> None:
        """Kill everything."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        for part in reversed(self.by_name.values()):
            part.held = True
            part.thaw()
            part.kill()

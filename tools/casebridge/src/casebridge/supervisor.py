"""Keeps processes running: starts them, restarts those that end after a back-off, collects their output, stops them."""

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path

from casebridge.errors import CasebridgeError, OperationFailed, UsageError
from casebridge.program import Program
from casebridge.state import ProcessRecord, ProcessState, start_time

FIRST_BACK_OFF_SECONDS = 0.1
LONGEST_BACK_OFF_SECONDS = 10.0
STEADY_SECONDS = 20.0
PROBE_INTERVAL_SECONDS = 0.1
LONGEST_LINE_BYTES = 1 << 20
LOG_BYTES = 10_000_000
TAIL_LINES = 15
EXIT_SETTINGS = 2

Callback = Callable[[str, str], None]


@dataclass(frozen=True)
class Watcher:
    """Callbacks: `wrote` for every line of output, `ended` for unwanted ends, `changed` for every other change."""

    wrote: Callback
    ended: Callback
    changed: Callable[[], None]


class Supervised:
    """One program, kept running until `stop`."""

    def __init__(self, program: Program, log_folder: Path, watcher: Watcher) -> None:
        self.program = program
        self._watcher = watcher
        log_folder.mkdir(parents=True, exist_ok=True)
        self._log = RotatingFileHandler(log_folder / f"{program.name}.log", maxBytes=LOG_BYTES, backupCount=1)
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._process: asyncio.subprocess.Process | None = None
        self._state = ProcessState.STARTING
        self._restarts = 0
        self._stopping = asyncio.Event()
        self._ready_once = asyncio.Event()
        self._readers: set[asyncio.Task[None]] = set()
        self._life = asyncio.create_task(self._keep_running(), name=program.name)

    @property
    def record(self) -> ProcessRecord:
        """Its entry in `casebridge ps`."""
        alive = self._process is not None and self._process.returncode is None
        pid = self._process.pid if self._process and alive else None
        started = start_time(pid) if pid else None
        return ProcessRecord(
            name=self.program.name, pid=pid, state=self._state, restarts=self._restarts, started=started
        )

    async def ready(self) -> None:
        """Wait until it is ready for the first time.

        Raises UsageError if it refuses its settings, OperationFailed if it is stopped before.
        """
        first = asyncio.create_task(self._ready_once.wait())
        await asyncio.wait({first, self._life}, return_when=asyncio.FIRST_COMPLETED)
        first.cancel()
        if self._life.done():
            await self._life
            raise OperationFailed(f"{self.program.name} was stopped before it was ready")

    def tail(self) -> str:
        """Its last lines, to explain why it does not start."""
        return "".join(f"\n  {line}" for line in self._tail)

    async def stop(self, grace_seconds: float) -> None:
        """End it with its stop signal, or by force after `grace_seconds`."""
        self._stopping.set()
        self._signal(self.program.stop_signal)
        _, pending = await asyncio.wait({self._life}, timeout=grace_seconds)
        if pending:
            self._signal(signal.SIGKILL)
            await asyncio.wait({self._life})
        for reader in self._readers:
            reader.cancel()
        self._log.close()

    async def _keep_running(self) -> None:
        back_off = FIRST_BACK_OFF_SECONDS
        try:
            while not self._stopping.is_set():
                began = time.monotonic()
                code = await self._live_once()
                if self._stopping.is_set():
                    break
                if code == EXIT_SETTINGS and not self._ready_once.is_set():
                    raise UsageError(f"{self.program.name} rejects its settings:{self.tail()}")
                if time.monotonic() - began > STEADY_SECONDS:
                    back_off = FIRST_BACK_OFF_SECONDS
                self._watcher.ended(self.program.name, f"{ended(code)}; starting it again in {back_off:.1f} s")
                self._become(ProcessState.WAITING)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), back_off)
                back_off = min(back_off * 2, LONGEST_BACK_OFF_SECONDS)
                self._restarts += 1
        finally:
            self._become(ProcessState.STOPPED)

    async def _live_once(self) -> int:
        """Start it, follow it until it ends, return its exit code."""
        await asyncio.to_thread(self.program.prepare)
        self._process = await self._spawn()
        if self._stopping.is_set():
            self._signal(self.program.stop_signal)
        self._become(ProcessState.STARTING)
        probing = asyncio.create_task(self._await_readiness())
        code = await self._process.wait()
        probing.cancel()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)  # what may be left of its group
        return code

    async def _spawn(self) -> asyncio.subprocess.Process:
        """Start the process in a session of its own, its output read line by line."""
        # A pipe of our own, to notice the end of the process even while its child keeps the pipe open.
        read_end, write_end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *self.program.command(), cwd=self.program.folder, env=dict(self.program.environment),
                stdin=asyncio.subprocess.DEVNULL, stdout=write_end, stderr=write_end, start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(write_end)
        reader = asyncio.create_task(self._read(read_end))
        self._readers.add(reader)
        reader.add_done_callback(self._readers.discard)
        return process

    async def _read(self, descriptor: int) -> None:
        stream = asyncio.StreamReader(limit=LONGEST_LINE_BYTES)
        pipe = os.fdopen(descriptor, "rb", 0)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
        try:
            while raw := await read_line(stream):
                line = raw.decode(errors="replace").rstrip()
                self._tail.append(line)
                self._log.emit(logging.makeLogRecord({"msg": line}))
                self._watcher.wrote(self.program.name, line)
        finally:
            transport.close()

    async def _await_readiness(self) -> None:
        while not await asyncio.to_thread(self.program.is_ready):  # noqa: ASYNC110 - another process has no event
            await asyncio.sleep(PROBE_INTERVAL_SECONDS)
        self._become(ProcessState.RUNNING)
        self._ready_once.set()

    def _become(self, state: ProcessState) -> None:
        self._state = state
        self._watcher.changed()

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)


async def read_line(stream: asyncio.StreamReader) -> bytes:
    """The next line, or a note that it was too long; empty at the end."""
    try:
        return await stream.readline()
    except ValueError:
        return b"(a line of over 1 MiB was dropped)\n"


def ended(code: int) -> str:
    """How a process ended, in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


class Supervisor:
    """All programs of one stack."""

    def __init__(self, log_folder: Path, watcher: Watcher) -> None:
        self._log_folder = log_folder
        self._watcher = watcher
        self._programs: dict[str, Supervised] = {}

    @property
    def records(self) -> list[ProcessRecord]:
        """What `casebridge ps` shows."""
        return [supervised.record for supervised in self._programs.values()]

    async def start(self, program: Program, timeout_seconds: float) -> None:
        """Start a program and wait until it is ready.

        Raises OperationFailed with its last lines if that takes longer than `timeout_seconds`.
        """
        supervised = Supervised(program, self._log_folder, self._watcher)
        self._programs[program.name] = supervised
        try:
            async with asyncio.timeout(timeout_seconds):
                await supervised.ready()
        except TimeoutError:
            raise OperationFailed(
                f"{program.name} is not ready after {timeout_seconds:.0f} s; its last lines:{supervised.tail()}"
            ) from None

    async def stop(self, names: set[str], grace_seconds: float) -> None:
        """Stop these programs, if started, all at the same time."""
        chosen = [supervised for name, supervised in self._programs.items() if name in names]
        outcomes = await asyncio.gather(*(each.stop(grace_seconds) for each in chosen), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, CasebridgeError):
                raise outcome

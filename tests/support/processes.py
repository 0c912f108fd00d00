"""Our services and tools as real processes, so that tests can kill them."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from casebridge.ports import free_ports
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE


def free_port() -> int:
    """A port without a listener, outside the range that the system assigns to connections."""
    return free_ports(1)[0]


@dataclass
class Process:
    """One of our processes, and its address."""

    module: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    url: str
    log: Path
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it (again), with the same settings."""
        environment = {"PATH": os.environ["PATH"], **self.environment}
        with self.log.open("ab") as output:
            command = [sys.executable, "-m", self.module, *self.arguments]
            self.running = subprocess.Popen(command, env=environment, stdout=output, stderr=output)

    async def ready(self, path: str = "/readyz", within_seconds: float = 20) -> None:
        """Wait until it reports ready."""
        async with aiohttp.ClientSession() as session:
            await eventually(lambda: self._answers(session, path), within_seconds=within_seconds)

    async def _answers(self, session: aiohttp.ClientSession, path: str) -> bool:
        if self.running is not None and self.running.poll() is not None:
            raise AssertionError(f"{self.module} ended with {self.running.returncode}:\n{self.output()[-4000:]}")
        try:
            async with session.get(self.url + path, ssl=False) as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    def output(self) -> str:
        """Everything that it has printed."""
        return self.log.read_text(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.running is not None
        self.running.send_signal(number)

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        if self.running is not None:
            self.running.kill()
            self.running.wait()

    async def stop(self, within_seconds: float = 12) -> int:
        """SIGTERM; returns the exit code. `within_seconds` is multiplied by `PATIENCE`."""
        self.send(signal.SIGTERM)
        assert self.running is not None
        return await asyncio.to_thread(self.running.wait, within_seconds * PATIENCE)


@asynccontextmanager
async def running(
    module: str, *arguments: str, environment: Mapping[str, str], url: str, log: Path, ready: str = "/readyz"
) -> AsyncIterator[Process]:
    """Run `python -m module arguments` until the block ends; a failure in the block shows the end of its log."""
    process = Process(module, arguments, environment, url, log)
    process.start()
    try:
        await process.ready(ready)
        yield process
    except BaseException as error:
        error.add_note(f"The log of {module} ends:\n{process.output()[-4000:]}")
        raise
    finally:
        process.kill()

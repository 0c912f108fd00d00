"""PostgreSQL and Kafka on their own, for tests: started, stopped and killed by plain calls.

The caller owns the data folder (one server of each kind per folder) and chooses free ports.
"""

import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from casebridge import kafka, postgres
from casebridge.errors import OperationFailed
from casebridge.output import Progress
from casebridge.ports import HOST, free_ports
from casebridge.program import Program

READY_SECONDS = 60
STOP_SECONDS = 10
PROBE_INTERVAL_SECONDS = 0.05


@dataclass(frozen=True)
class RunningServer:
    """A running server; `address` is a database URL (superuser) or Kafka's host:port."""

    address: str
    process: subprocess.Popen[bytes]
    program: Program
    log: Path

    @property
    def pid(self) -> int:
        """The process id of the server itself."""
        return self.process.pid

    def stop(self) -> None:
        """Stop it cleanly, or by force if that takes longer than STOP_SECONDS."""
        self.process.send_signal(self.program.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it like kill -9, and wait until it is gone."""
        self.process.kill()
        self.process.wait()


def start_postgres(data_dir: Path, port: int | None = None, settings: Mapping[str, str] | None = None) -> RunningServer:
    """Start PostgreSQL on this folder; returns when it accepts connections.

    `settings` are PostgreSQL's own, such as {"fsync": "off"}. Raises OperationFailed if it does not start.
    """
    chosen = port or free_ports(1)[0]
    program, url = postgres.program(data_dir.absolute(), chosen, Progress(sys.stderr), settings)
    return start(program, url, data_dir)


def start_kafka(data_dir: Path, port: int | None = None, controller_port: int | None = None) -> RunningServer:
    """Start Kafka on this folder; returns when it accepts connections. Raises OperationFailed if it does not start."""
    free = free_ports(2)
    chosen = port or free[0]
    program = kafka.program(data_dir.absolute(), chosen, controller_port or free[1], Progress(sys.stderr))
    return start(program, f"{HOST}:{chosen}", data_dir)


def start(program: Program, address: str, data_dir: Path) -> RunningServer:
    """Start a program and wait until it is ready."""
    program.prepare()
    log = data_dir / f"{program.name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            program.command(), cwd=program.folder, env=dict(program.environment),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    server = RunningServer(address, process, program, log)
    deadline = time.monotonic() + READY_SECONDS
    while not program.is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            server.kill()
            raise OperationFailed(f"{program.name} does not start; see {log}:\n{log.read_text()[-2000:]}")
        time.sleep(PROBE_INTERVAL_SECONDS)
    return server

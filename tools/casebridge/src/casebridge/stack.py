"""The local stack: which parts start when, what they need from each other, and how everything stops."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from casebridge import database, parts, postgres
from casebridge.errors import OperationFailed, UsageError
from casebridge.kafka_rights import MIGRATIONS
from casebridge.output import Progress
from casebridge.parts import SERVICES, Plan
from casebridge.program import Program
from casebridge.state import StackState, find_last, save, start_time
from casebridge.supervisor import EXIT_SETTINGS, Supervisor, Watcher

READY_SECONDS = 150.0
LISTS_SECONDS = 5.0
FRONT_GRACE_SECONDS = 6.0
SERVERS_GRACE_SECONDS = 3.0
# These have a command `restored`, to run before they start on a restored database.
RESTORABLE = ("case-api", "d365-sync")
FRONT = {*SERVICES, "oidc", "sandbox"}
SERVERS = {"postgres", "kafka"}


class Stack:
    """One run of the local stack; the caller has locked the data folder. `restored`: why the database was restored."""

    def __init__(self, plan: Plan, progress: Progress, *, echo_logs: bool, restored: str | None = None) -> None:
        self._plan = plan
        self._restored = restored
        self._progress = progress
        self._ready = False
        self._started = start_time(os.getpid()) or 0.0
        self._supervisor = Supervisor(
            plan.data_dir / "logs",
            Watcher(wrote=progress.say if echo_logs else keep_quiet, ended=progress.say, changed=self._save),
        )

    @property
    def state(self) -> StackState:
        """The state for other commands."""
        plan = self._plan
        return StackState(
            pid=os.getpid(),
            started=self._started,
            ready=self._ready,
            urls=plan.urls,
            issuer=plan.issuer,
            database_url=plan.database_url(postgres.SUPERUSER) if plan.includes("postgres") else None,
            kafka=plan.kafka,
            processes=self._supervisor.records,
        )

    async def start(self) -> None:
        """Start every part of the plan; returns when all are ready, raises CasebridgeError if one does not start."""
        await asyncio.gather(self._start_servers(), self._start_oidc())
        await asyncio.gather(*(self._run(parts.service(self._plan, name)) for name in self._services))
        await self._wait_for_lists()
        self._ready = True
        self._save()

    async def _wait_for_lists(self) -> None:
        """Wait a moment for D365's first lists, so that a new user's first call finds its dealer; D365 may be down."""
        if not (self._plan.includes("postgres") and self._plan.includes("status-sync")):
            return
        deadline = asyncio.get_running_loop().time() + LISTS_SECONDS
        while not await asyncio.to_thread(database.has_lists, self._plan):
            if asyncio.get_running_loop().time() > deadline:
                self._progress.say("status-sync", "dealers and categories were not read from D365 yet")
                return
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """Stop everything, beginning with what uses the servers."""
        self._progress.say("casebridge", "stopping")
        await self._supervisor.stop(FRONT, FRONT_GRACE_SECONDS)
        await self._supervisor.stop(SERVERS, SERVERS_GRACE_SECONDS)

    @property
    def _services(self) -> list[str]:
        return [name for name in SERVICES if self._plan.includes(name)]

    async def _start_servers(self) -> None:
        await asyncio.gather(self._start_postgres(), self._start_kafka())
        await asyncio.gather(self._start_sandbox(), self._migrate())

    async def _start_postgres(self) -> None:
        if self._plan.includes("postgres"):
            port = self._plan.ports["postgres"]
            program, _ = await asyncio.to_thread(postgres.program, self._plan.data_dir, port, self._progress)
            await self._run(program)
            await asyncio.to_thread(database.prepare, self._plan)

    async def _start_kafka(self) -> None:
        if self._plan.includes("kafka"):
            await self._run(await asyncio.to_thread(parts.kafka_server, self._plan, self._progress))
            await asyncio.to_thread(parts.give_kafka_rights, self._plan)

    async def _start_sandbox(self) -> None:
        if self._plan.includes("sandbox"):
            await self._run(parts.sandbox(self._plan))

    async def _start_oidc(self) -> None:
        if self._plan.includes("oidc"):
            await self._run(parts.oidc(self._plan))

    async def _migrate(self) -> None:
        """Bring the schemas and topics up to date; each service has its own, so all at the same time."""
        for name in self._services:
            self._progress.say(name, "migrating")
        await asyncio.gather(*(asyncio.to_thread(migrate, self._plan, name) for name in self._services))
        if self._restored:
            for name in (one for one in RESTORABLE if self._plan.includes(one)):
                self._progress.say(name, "restored")
                await asyncio.to_thread(once, self._plan, name, "restored", "--reason", self._restored)

    async def _run(self, program: Program) -> None:
        self._progress.say(program.name, "starting")
        await self._supervisor.start(program, READY_SECONDS)
        self._progress.say(program.name, "ready")

    def _save(self) -> None:
        try:
            save(self._plan.data_dir, self.state)
        except OSError as error:  # a full disk, for example: the next change saves it again
            self._progress.say("casebridge", f"the state that other commands read is not saved: {error}")


def keep_quiet(_name: str, _line: str) -> None:
    """Say nothing: the line is in its log file."""


def migrate(plan: Plan, name: str) -> None:
    """Run a service's migrations; raises as `once` does."""
    once(plan, name, "migrate")


def once(plan: Plan, name: str, *arguments: str) -> None:
    """Run one of a service's commands; raises UsageError if its settings are wrong, OperationFailed otherwise."""
    command = [sys.executable, "-m", SERVICES[name], *arguments]
    settings = parts.service_settings(plan, name, MIGRATIONS)
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{name} {arguments[0]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:].strip()}"
        raise UsageError(message) if done.returncode == EXIT_SETTINGS else OperationFailed(message)


def end_orphans(data_dir: Path) -> None:
    """Kill what an earlier, killed `casebridge up` of this folder left running."""
    last = find_last(data_dir)
    records = last.processes if last else []
    orphans = [psutil.Process(record.pid) for record in records if record.pid and record.is_alive()]
    for orphan in orphans:
        orphan.send_signal(signal.SIGKILL)
    psutil.wait_procs(orphans)

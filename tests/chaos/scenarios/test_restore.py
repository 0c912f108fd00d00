"""The steps of docs/runbooks/restore.md leave no duplicate in D365, and lose nothing that Kafka has."""

import asyncio
import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
import pytest_asyncio

from case_shared.kafka.outbox import LEASE_NAME as OUTBOX_LEASE
from casebridge import servers
from casebridge.ports import free_ports
from tests.support import databases
from tests.support import sandbox as sandboxes
from tests.support import stack as stacks
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.portal import DEALER, Portal, portal
from tests.support.replicas import Fleet, fleet
from tests.support.sandbox import Sandbox
from tests.support.servers import FAST
from tests.support.stack import Stack

pytestmark = pytest.mark.timeout(300 * PATIENCE)
RUNBOOK = Path(__file__).parents[3] / "docs" / "runbooks" / "restore.md"
SERVICES = ("case_api", "d365_sync", "status_sync")
# Everything that has data to lose.
WHOLE = ("--without", "portal-web")


def commands(heading: str) -> list[str]:
    """The commands of the runbook below `heading`."""
    found = re.search(rf"## {heading}\n.*?```sh\n(.*?)```", RUNBOOK.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"the runbook has no commands below {heading!r}"
    return found[1].strip().splitlines()


@dataclass
class Restorable:
    """The test's own PostgreSQL, whose data folder can be copied and restored."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    server: servers.RunningServer | None = None

    def start(self) -> str:
        """Start it; returns a superuser's URL."""
        self.server = servers.start_postgres(self.folder, self.port, FAST)
        return self.server.address

    def back_up(self) -> None:
        """Copy the data folder, while it is stopped."""
        self._while_stopped(lambda: copy(self.folder / "postgres", self.folder / "backup"))

    def restore(self) -> None:
        """Replace the data folder, which is lost, by the copy."""
        self._while_stopped(lambda: copy(self.folder / "backup", self.folder / "postgres"))

    def stop(self) -> None:
        """Stop it cleanly."""
        assert self.server is not None
        self.server.stop()

    def _while_stopped(self, work: Callable[[], None]) -> None:
        self.stop()
        work()
        self.start()


def copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


@pytest_asyncio.fixture
async def lenient_d365(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """D365 that accepts the same Web Case ID repeatedly, so that nothing relies on it."""
    async with sandboxes.started(tmp_path, unique_web_case_id="false") as running:
        yield running


async def start_all(started: Fleet) -> None:
    """Start the stopped processes, or one replica of each service."""
    if not started.processes:
        await asyncio.gather(*(started.start(service) for service in SERVICES))
        return
    for process in started.processes:
        process.start()
    await asyncio.gather(*(process.ready(within_seconds=60) for process in started.processes))


def kill_all(started: Fleet) -> None:
    for process in started.processes:
        process.kill()


async def all_delivered(database: Database, *web_case_ids: str) -> None:
    """Wait until case-api, d365-sync and the read model all show these as delivered."""

    async def others() -> list[tuple[object, ...]]:
        async with database.connect() as connection:
            rows = await connection.fetch(
                "SELECT web_case_id, x.submission_no, x.state, x.revision, d.state, d.cause, d.revision, c.case_id"
                " FROM unnest($1::text[]) AS t (web_case_id)"
                " LEFT JOIN case_api.cases AS c USING (web_case_id)"
                " LEFT JOIN case_api.submission_states AS x USING (web_case_id)"
                " LEFT JOIN d365_sync.documents AS d USING (web_case_id)"
                " WHERE (x.state = 'delivered' AND d.state = 'delivered' AND c.case_id = d.case_id) IS NOT TRUE",
                list(web_case_ids),
            )
        return [tuple(row) for row in rows]

    await eventually(others, lambda found: not found, within_seconds=60, every_seconds=0.2)


async def books(d365: Sandbox) -> list[str]:
    """The Web Case IDs of D365's cases."""
    return sorted(case["WebCaseId"] for case in await d365.cases() if case["WebCaseId"])


async def draft(dealer: Portal) -> str:
    made = await dealer.call("POST", "/cases", json={"category": dealer.category, "description": "later"})
    web_case_id: str = made.json()["web_case_id"]
    return web_case_id


async def submit(dealer: Portal, web_case_id: str) -> None:
    found = await dealer.call("GET", f"/cases/{web_case_id}")
    answer = await dealer.call("POST", f"/cases/{web_case_id}/submission", headers={"If-Match": found.headers["etag"]})
    assert answer.status_code == 202, answer.text
    dealer.submitted.append(web_case_id)


def run_runbook(started: Fleet) -> None:
    """The commands below "PostgreSQL from a backup", with the services' settings."""
    environment = {**os.environ, **started.broker.environment()}
    environment["MIGRATIONS_DATABASE_URL"] = started.database.url("case_migrations")
    for command in commands("PostgreSQL from a backup"):
        arguments = [sys.executable, *shlex.split(command)[1:]]
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


async def hold_outbox(database: Database) -> None:
    """Give the outbox publisher's lease to an absent owner, so that the outbox fills."""
    async with database.connect() as connection:
        await connection.execute(
            "INSERT INTO case_api.leases VALUES ($1, 'nobody', 1, now() + interval '1 hour')"
            " ON CONFLICT (name)"
            " DO UPDATE SET owner = 'nobody', token = leases.token + 1, expires_at = excluded.expires_at",
            OUTBOX_LEASE,
        )


async def free_outbox(database: Database) -> None:
    async with database.connect() as connection:
        await connection.execute("UPDATE case_api.leases SET expires_at = now() WHERE owner = 'nobody'")


async def test_an_old_database_with_an_outbox_that_was_published_doubles_and_loses_nothing(
    broker: Broker, lenient_d365: Sandbox, tmp_path: Path
) -> None:
    postgres = Restorable(tmp_path / "own")
    postgres.folder.mkdir()
    url = postgres.start()
    try:
        database = Database(databases.with_database(url, await databases.create_template(url)))
        async with fleet(database, broker, lenient_d365, tmp_path) as started:
            await start_all(started)
            async with portal(started.token(DEALER), started.processes[0].url) as dealer:
                await restored_story(started, dealer, postgres)
    finally:
        postgres.stop()


async def restored_story(started: Fleet, dealer: Portal, postgres: Restorable) -> None:
    database, d365 = started.database, started.d365
    known = [await dealer.submit() for _ in range(3)]
    await all_delivered(database, *known)
    submitted_later, kept = await draft(dealer), await draft(dealer)
    await d365.fault(kind="outage", status=503)
    under_way = [await dealer.submit() for _ in range(2)]
    await eventually(lambda: documents(database), lambda count: count == 5)
    kill_all(started)
    await hold_outbox(database)
    await start_all(started)
    in_outbox = [await dealer.submit() for _ in range(2)]
    kill_all(started)
    postgres.back_up()

    await free_outbox(database)
    await d365.control("DELETE", "/faults")
    await start_all(started)
    await submit(dealer, submitted_later)
    new = [await dealer.submit() for _ in range(3)]
    everything = [*known, *under_way, *in_outbox, submitted_later, *new]
    await all_delivered(database, *everything)
    assert await books(d365) == sorted(everything)

    kill_all(started)
    postgres.restore()
    await free_outbox(database)
    run_runbook(started)
    await start_all(started)
    await all_delivered(database, *everything)
    assert await books(d365) == sorted(everything)
    assert await without_document_or_submission(database) == 0
    listed = (await dealer.call("GET", "/cases?limit=100")).json()["items"]
    assert {*everything, kept} <= {case["web_case_id"] for case in listed}
    await a_draft_that_d365_has_already(started, dealer, kept)


async def a_draft_that_d365_has_already(started: Fleet, dealer: Portal, web_case_id: str) -> None:
    """It was submitted after the backup; neither the database nor Kafka knows it, only D365 does."""
    body = {
        "dataAreaId": "usmf",
        "WebCaseId": web_case_id,
        "SubmissionId": str(uuid4()),
        "CustomerAccount": "US-001",
        "CaseCategory": dealer.category,
    }
    await started.d365.control("POST", "/cases", body)
    await submit(dealer, web_case_id)

    async def state() -> str:
        found: str = (await dealer.call("GET", f"/cases/{web_case_id}/submission")).json()["state"]
        return found

    await eventually(state, lambda found: found == "failed", within_seconds=30)
    assert (await books(started.d365)).count(web_case_id) == 1


async def documents(database: Database) -> int:
    async with database.connect() as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM d365_sync.documents")
        return count


async def without_document_or_submission(database: Database) -> int:
    async with database.connect() as connection:
        count: int = await connection.fetchval(
            "SELECT count(*) FROM case_api.submissions AS s FULL JOIN d365_sync.documents AS d"
            " USING (web_case_id, submission_no) WHERE s.submission_id IS DISTINCT FROM d.submission_id"
        )
        return count


def back_up_running(stack: Stack, folder: Path, backup: Path) -> None:
    """Copy PostgreSQL's folder while it runs, as a disk snapshot does."""
    postmaster = psutil.Process(stack.pids["postgres"])
    postmaster.suspend()  # first: it starts no more backends
    backends = postmaster.children(recursive=True)
    try:
        for backend in backends:
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended meanwhile
                backend.suspend()
        backup.mkdir()
        copy(folder, backup / folder.name)
    finally:
        for backend in backends:
            with contextlib.suppress(psutil.NoSuchProcess):
                backend.resume()
        postmaster.resume()


@pytest.mark.nightly  # three starts of a stack, which nobody runs in production
async def test_the_local_stack_with_an_empty_kafka_and_an_old_database(tmp_path: Path) -> None:
    environment = {
        "SANDBOX_UNIQUE_WEB_CASE_ID": "false",
        "D365_SETTLE_SECONDS": f"{3 * PATIENCE:g}",
        "D365_TIMEOUT_SECONDS": f"{2 * PATIENCE:g}",
        "RESEND_FIRST_SECONDS": "3",
    }
    data, backup = tmp_path / "data", tmp_path / "backup"
    async with stacks.up(data, *WHOLE, environment=environment) as stack, stack.dealer(DEALER) as dealer:
        first = (await dealer.submitted("first"))["web_case_id"]
        await dealer.until(first, submission_state="delivered")
        back_up_running(stack, data / "postgres", backup)
        second = (await dealer.submitted("second"))["web_case_id"]
        await dealer.until(second, submission_state="delivered")
        down, put_back, up = commands("The local stack")
        stack.command(*shlex.split(down)[1:])
    put_back = put_back.replace("backup/", f"{backup}/").replace(".casebridge/", f"{data}/")
    await asyncio.to_thread(subprocess.run, ["sh", "-ec", put_back], check=True)
    assert shlex.split(up)[:3] == ["casebridge", "up", "--restored"]
    async with stacks.up(data, *WHOLE, "--restored", shlex.split(up)[3], environment=environment) as stack:
        async with stack.dealer(DEALER) as dealer, stack.clerk() as clerk:
            for web_case_id in (first, second):
                await dealer.until(web_case_id, submission_state="delivered")
                assert len(await clerk.holding(web_case_id)) == 1
        assert stack.command("ledger", "--json", check=False).returncode == 0
        stack.command("down")
    shutil.rmtree(data / "kafka")
    async with stacks.up(data, *WHOLE, environment=environment) as stack:
        async with stack.dealer(DEALER) as dealer, stack.clerk() as clerk:
            [restored] = commands("Kafka lost its data, or the topics were deleted")
            stack.command(*shlex.split(restored)[1:])
            third = (await dealer.submitted("third"))["web_case_id"]
            for web_case_id in (first, second, third):
                await dealer.until(web_case_id, submission_state="delivered")
                assert len(await clerk.holding(web_case_id)) == 1
        assert stack.command("ledger", "--json", check=False).returncode == 0

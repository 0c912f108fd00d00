"""`casebridge up` as a process: its promises about start, crash and end, with only its servers."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from case_shared.words.scopes import Scope
from casebridge.state import ProcessRecord, ProcessState, find_last, find_running
from casebridge.tokens import describe, mint
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.stack import Stack, casebridge, up

FEW = ("--without", "kafka,sandbox,case-api,d365-sync,status-sync,portal-web")
STOP_SECONDS = 10


@pytest_asyncio.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with up(tmp_path_factory.mktemp("up") / "data", *FEW) as running:
        yield running


def pids(data_dir: Path) -> list[int]:
    last = find_last(data_dir)
    assert last is not None
    return [record.pid for record in last.processes if record.pid]


async def test_json_shows_addresses_and_processes(stack: Stack) -> None:
    assert set(stack.pids) == {"postgres", "oidc"}
    assert psutil.Process(stack.pids["postgres"]).name() == "postgres"
    assert stack.database_url.startswith("postgresql://postgres:")
    assert stack.kafka is None
    assert list(stack.urls) == ["oidc"]
    assert mint(stack.data_dir, describe("anyone", ()), Scope.CASES_READ, 1)


async def test_second_up_on_the_same_folder_is_refused_with_the_pid_that_uses_it(stack: Stack) -> None:
    refused = casebridge("up", "--data-dir", str(stack.data_dir), *FEW, check=False)
    assert refused.returncode == 2
    assert str(stack.process.pid) in refused.stderr


async def test_ports_taken_are_named_with_the_way_out(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "version.json").write_bytes((stack.data_dir / "version.json").read_bytes())
    (tmp_path / "data" / "ports.json").write_bytes((stack.data_dir / "ports.json").read_bytes())
    refused = casebridge("up", "--data-dir", str(tmp_path / "data"), *FEW, check=False)
    assert refused.returncode == 2
    assert stack.urls["oidc"].rpartition(":")[2] in refused.stderr
    assert "--ports auto" in refused.stderr


@pytest.mark.parametrize("name", ["postgres", "oidc"])
async def test_what_is_killed_is_started_again_at_its_address(stack: Stack, name: str) -> None:
    before = stack.processes()[name]
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)

    async def now() -> ProcessRecord:
        return stack.processes()[name]

    def back(seen: ProcessRecord) -> bool:
        return seen.state is ProcessState.RUNNING and seen.pid != before.pid

    after = await eventually(now, back, within_seconds=STOP_SECONDS)
    assert after.restarts == before.restarts + 1


async def test_logs_are_kept_by_name(stack: Stack) -> None:
    lines = stack.command("logs", "postgres", "--lines", "500", "--json").stdout.splitlines()
    assert any("ready to accept connections" in json.loads(line)["line"] for line in lines)
    unknown = stack.command("logs", "nobody", check=False)
    assert unknown.returncode == 2
    assert "oidc, postgres" in unknown.stderr


async def test_after_down_and_after_a_kill_no_process_is_left_and_a_restart_finds_data_and_addresses(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "data"
    async with up(data_dir, *FEW) as first:
        children = pids(data_dir)
        assert json.loads(first.command("down", "--json").stdout) == {"stopped": True}
        assert await first.process.wait() == 0
        assert not any(psutil.pid_exists(pid) for pid in children)
    async with up(data_dir, *FEW) as second:
        assert (second.database_url, second.urls) == (first.database_url, first.urls)
        running = [psutil.Process(pid) for pid in pids(data_dir)]
        second.process.kill()
        await second.process.wait()
        psutil.wait_procs(running, timeout=STOP_SECONDS * PATIENCE)
        assert not any(child.is_running() for child in running)
        assert find_running(data_dir) is None
    async with up(data_dir, *FEW) as third:
        assert third.urls == first.urls


def test_folder_of_another_postgres_is_refused(tmp_path: Path) -> None:
    (tmp_path / "version.json").write_text('{"layout": 1, "postgres": 17}')
    refused = casebridge("up", "--data-dir", str(tmp_path), *FEW, check=False)
    assert refused.returncode == 2
    assert "another version" in refused.stderr


def test_interrupt_while_starting_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "casebridge", "up", "--ports", "auto", "--data-dir", str(tmp_path / "data"), *FEW]
    starting = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert starting.stdout is not None
    while "starting" not in starting.stdout.readline():
        pass
    children = psutil.Process(starting.pid).children(recursive=True)
    starting.send_signal(signal.SIGINT)
    starting.communicate(timeout=STOP_SECONDS * PATIENCE)
    assert starting.returncode == 0
    assert not any(child.is_running() for child in children)

import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from casebridge import state
from casebridge.errors import OperationFailed, UsageError


def running(pid: int, started: float | None) -> state.StackState:
    return state.StackState(
        pid=pid,
        started=started or 0.0,
        ready=True,
        urls={"case-api": "http://127.0.0.1:8000"},
        issuer="http://127.0.0.1:8090",
        database_url=None,
        kafka=None,
        processes=[],
    )


def test_stack_is_found_while_its_process_lives(tmp_path: Path) -> None:
    mine = running(os.getpid(), state.start_time(os.getpid()))
    state.save(tmp_path, mine)
    assert state.find_running(tmp_path) == mine


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere the system keeps the time at which a process began")
def test_stack_is_found_after_the_clock_was_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a suspend, or by NTP: the system then says that it has booted at another time."""
    mine = running(os.getpid(), state.start_time(os.getpid()))
    state.save(tmp_path, mine)
    booted = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: booted + 4321.0)
    assert psutil.Process().create_time() > booted + 4321, "psutil computes with it"
    assert state.find_running(tmp_path) == mine


def test_start_time_survives_a_process_s_odd_name(tmp_path: Path) -> None:
    odd = tmp_path / "odd) S 1 (name"
    odd.symlink_to("/bin/sleep")
    child = subprocess.Popen([odd, "60"])
    try:
        own = state.start_time(os.getpid())
        found = state.start_time(child.pid)
        assert own is not None
        assert found is not None
        assert found >= own
    finally:
        child.kill()
        child.wait()


def test_another_process_with_the_same_number_is_not_the_stack(tmp_path: Path) -> None:
    state.save(tmp_path, running(os.getpid(), 1.0))
    assert state.find_running(tmp_path) is None
    assert state.find_last(tmp_path) is not None


def test_process_that_has_ended_has_no_start_time() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert state.start_time(ended.pid) is None


def test_missing_and_unreadable_states_are_none(tmp_path: Path) -> None:
    assert state.find_last(tmp_path) is None
    state.write_private(state.state_file(tmp_path), '{"pid": 1}')
    assert state.find_last(tmp_path) is None


def test_no_stack_is_reported_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(OperationFailed, match="make up"):
        state.get_running(tmp_path)


def test_what_contains_secrets_is_for_its_owner_alone(tmp_path: Path) -> None:
    state.write_private(tmp_path / "secret", "x")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_a_stack_that_others_run_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CASEBRIDGE_URLS", "case-api=http://case-api:8000/, d365-sync=http://d365-sync:8000")
    monkeypatch.setenv("OIDC_ISSUER", "http://localhost:8090")
    found = state.get_running(tmp_path)
    assert found.urls == {"case-api": "http://case-api:8000", "d365-sync": "http://d365-sync:8000"}
    assert found.issuer == "http://localhost:8090"


def test_an_address_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CASEBRIDGE_URLS", "case-api=case-api:8000")
    with pytest.raises(UsageError, match="CASEBRIDGE_URLS: no address for case-api"):
        state.get_running(tmp_path)

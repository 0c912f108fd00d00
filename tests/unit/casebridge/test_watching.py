"""What is ordered goes on without the command that watches it, and can be watched again."""

import json

import pytest

from casebridge.api import Api
from casebridge.errors import OperationFailed
from casebridge.watching import watch
from tests.unit.casebridge.command_line import CommandLine
from tests.unit.casebridge.service import Service, restore

REPLAY = ("queue", "replay-all", "-r", "why", "--yes")
RESTORE = ("d365", "restored", "--since", "2026-03-02T12:00:00Z", "-r", "why")
AGAIN = {REPLAY: "casebridge queue replays show r-1", RESTORE: "casebridge d365 restores show d-1"}
both = pytest.mark.parametrize("order", [REPLAY, RESTORE], ids=["replay", "restore"])


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casebridge.watching.LOOK_SECONDS", 0.01)
    monkeypatch.setattr(Service, "refusals", [])


@both
def test_its_id_comes_first(casebridge: CommandLine, order: tuple[str, ...]) -> None:
    lines = casebridge(*order).err.splitlines()
    assert AGAIN[order].rpartition(" ")[2] in next(line for line in lines if "looking up" not in line)


@both
def test_a_service_that_is_away_for_a_moment_ends_nothing(
    casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...]
) -> None:
    monkeypatch.setattr(Service, "refusals", [503, 502, 429, 503])
    done = casebridge(*order)
    assert "completed" in done.out or "there         1" in done.out
    assert done.err.count("trying again") == 1


@both
@pytest.mark.parametrize("status", [401, 403])
def test_who_may_no_longer_watch_learns_that_it_goes_on(
    casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...], status: int
) -> None:
    monkeypatch.setattr(Service, "refusals", [status])
    done = casebridge(*order)
    assert done.code == 1
    assert f"it continues in the background: {AGAIN[order]}" in done.err
    assert "Not now" in done.err


@both
def test_an_interruption_says_how_to_see_it_again(
    casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...]
) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("casebridge.watching.time.sleep", interrupt)
    done = casebridge(*order)
    assert f"it continues in the background: {AGAIN[order]}\n" in done.err
    assert (done.code, done.out) == (130, ""), "half a result looks like a whole one"


def test_a_token_of_ours_is_minted_again(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Service, "expired", "first")
    minted = iter(["second", "third"])
    first = Api(service, "first", lambda: next(minted))

    def look(api: Api) -> dict[str, object]:
        found: dict[str, object] = api.get("/v1/d365/restores/d-1").body
        return found

    assert watch(first, restore("running", 3), look, str, "again")["state"] == "completed"
    assert next(minted) == "third", "once is enough"
    monkeypatch.setattr(Service, "refusals", [401, 401])
    with pytest.raises(OperationFailed, match="again"):
        watch(Api(service, "x", lambda: "y"), restore("running", 3), look, str, "again")


def test_a_restore_is_shown_without_ordering_another(casebridge: CommandLine) -> None:
    listed = casebridge("d365", "restores")
    assert (listed.code, "d-1" in listed.out) == (0, True)
    assert json.loads(casebridge("d365", "restores", "--json").out)["items"][0]["restore_id"] == "d-1"
    shown = casebridge("d365", "restores", "show", "d-1")
    assert (shown.code, Service.seen) == (1, [])
    assert "W1-1: D365 has it with different content" in shown.out
    assert casebridge("d365", "restores", "show", "d-2").code == 1

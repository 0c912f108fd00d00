"""What the commands print, and their exit codes: 0 done, 1 refused, 2 wrong usage."""

import io
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from casebridge.output import shown
from tests.unit.casebridge.command_line import CommandLine, Run
from tests.unit.casebridge.service import Service


def test_list_prints_a_table_or_json(casebridge: CommandLine) -> None:
    assert [item["id"] for item in json.loads(casebridge("queue", "list", "--json").out)["items"]] == [
        "W0-1",
        "W1-1",
        "W2-1",
    ]
    page = json.loads(casebridge("queue", "list", "--json", "--limit", "2").out)
    assert (len(page["items"]), page["has_more"]) == (2, True)
    rest = casebridge("queue", "list", "--json", "--cursor", page["next"])
    assert json.loads(rest.out) == {"items": [{"id": "W2-1"}], "next": None, "has_more": False}
    assert "--cursor 2" in casebridge("queue", "list", "--limit", "2").err
    table = casebridge("queue", "list")
    assert table.code == 0
    assert "W2-1" in table.out


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (["verify"], {"reason": "why"}),
        (["return"], {"reason": "why"}),
        (["discard"], {"reason": "why"}),
        (["restore"], {"reason": "why"}),
        (["replay"], {"reason": "why"}),
        (["link", "--case-id", "CASE-1"], {"reason": "why", "case_id": "CASE-1"}),
    ],
)
def test_every_end_sends_its_reason_under_the_etag(
    casebridge: CommandLine, arguments: list[str], body: dict[str, str]
) -> None:
    action, *more = arguments
    done = casebridge("queue", action, "W1-1", "--reason", "why", *more)
    assert (done.code, done.out) == (0, "W1-1: pending\n")
    assert Service.seen == [{"body": body, "etag": '"7"', "token": "Bearer secret"}]


def test_an_order_that_a_proxy_redirects_is_not_reported_as_done(
    casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Service, "elsewhere", "https://d365-sync.example/")
    for order in (
        ("queue", "discard", "W1-1", "--reason", "why", "--json"),
        ("queue", "pause", "--reason", "why"),
        ("queue", "replay", "W1-1", "--reason", "why"),
        ("d365", "restored", "--since", "2026-03-02T12:00:00Z", "--reason", "why"),
    ):
        done = casebridge(*order)
        assert (done.code, done.out) == (1, ""), order
        assert "308 to https://d365-sync.example/" in done.err


def test_reason_is_mandatory(casebridge: CommandLine) -> None:
    refused = casebridge("queue", "discard", "W1-1")
    assert refused.code == 2
    assert "--reason" in refused.err
    assert Service.seen == []


def test_replay_sends_an_edited_payload(casebridge: CommandLine, tmp_path: Path) -> None:
    payload = tmp_path / "payload.json"
    payload.write_text('{"category": "Warranty"}')
    assert casebridge("queue", "replay", "W1-1", "-r", "why", "--payload", str(payload)).code == 0
    assert Service.seen[0]["body"] == {"reason": "why", "payload": {"category": "Warranty"}}


@pytest.mark.parametrize("content", ["{", "[]"])
def test_payload_that_is_none_is_refused_before_anything_is_sent(
    casebridge: CommandLine, tmp_path: Path, content: str
) -> None:
    payload = tmp_path / "payload.json"
    payload.write_text(content)
    refused = casebridge("queue", "replay", "W1-1", "-r", "why", "--payload", str(payload))
    assert refused.code == 2
    assert "JSON" in refused.err
    assert Service.seen == []


def test_refusal_is_reported_without_a_stack_trace(casebridge: CommandLine) -> None:
    refused = casebridge("queue", "show", "W9-1")
    assert (refused.code, refused.err) == (1, "casebridge: Not found: There is no such document.\n")


@pytest.mark.parametrize(("adds_up", "code"), [(True, 0), (False, 1)])
def test_ledger_ends_with_1_where_it_does_not_add_up(
    casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch, adds_up: bool, code: int
) -> None:
    monkeypatch.setattr(Service, "adds_up", adds_up)
    done = casebridge("ledger", "--json")
    assert done.code == code
    assert json.loads(done.out)["adds_up"] is adds_up


def test_ledger_against_d365(casebridge: CommandLine) -> None:
    assert json.loads(casebridge("ledger", "--d365", "--json").out)["d365"] == {"cases": 3}


def test_replay_all_sends_its_filters_under_a_key_and_shows_its_progress(casebridge: CommandLine) -> None:
    done = casebridge("queue", "replay-all", "--cause", "rejected", "-q", "closed", "-r", "why", "--yes")

    assert done.code == 0
    assert "1 of 3" in done.err
    assert "completed" in done.out
    (order,) = Service.seen
    assert order["body"] == {
        "query": {"state": "failed", "cause": "rejected", "q": "closed"},
        "dry_run": False,
        "reason": "why",
    }
    assert order["key"]


def test_replay_all_asks_first(casebridge: CommandLine) -> None:
    refused = casebridge("queue", "replay-all", "--cause", "rejected", "-r", "why")

    assert refused.code == 1
    assert "cause = rejected" in refused.err
    assert "Replay these 3 documents?" in refused.err
    assert [order["body"]["dry_run"] for order in Service.seen] == [True]


def test_replay_all_replays_exactly_what_a_dry_run_saw(casebridge: CommandLine) -> None:
    assert casebridge("queue", "replay-all", "--of", "r-1", "-r", "why").code == 0
    assert casebridge("queue", "replay-all", "--of", "r-1", "--cause", "rejected", "-r", "why").code == 2

    assert [order["body"] for order in Service.seen] == [{"replay_id": "r-1", "reason": "why"}]


def test_replay_all_with_json_does_not_watch_but_a_dry_run_has_its_result(casebridge: CommandLine) -> None:
    started = casebridge("queue", "replay-all", "-r", "why", "--yes", "--json")
    foreseen = casebridge("queue", "replay-all", "-r", "why", "--dry-run", "--json")

    assert [json.loads(run.out)["state"] for run in (started, foreseen)] == ["running", "completed"]
    assert [order["body"]["dry_run"] for order in Service.seen] == [False, True]


def test_replays_are_listed_shown_and_steered(casebridge: CommandLine) -> None:
    assert json.loads(casebridge("queue", "replays", "--json").out)["items"][0]["replay_id"] == "r-1"
    assert "r-1" in casebridge("queue", "replays").out
    assert "W1-1" in casebridge("queue", "replays", "show", "r-1").out
    assert casebridge("queue", "replays", "pause", "r-1", "-r", "why").code == 0
    assert casebridge("queue", "replays", "cancel", "r-1").code == 0
    assert [(order["path"], order["body"]) for order in Service.seen] == [
        ("/v1/replays/r-1/pause", {"reason": "why"}),
        ("/v1/replays/r-1/cancel", {}),
    ]


@pytest.mark.parametrize("arguments", [["d365", "adopt"], ["d365", "read-again"], ["restored"]])
def test_decisions_carry_their_reason(casebridge: CommandLine, arguments: list[str]) -> None:
    assert casebridge(*arguments, "--reason", "moved").code == 0
    assert Service.seen[0]["body"] == {"reason": "moved"}


def test_a_restore_of_postgresql_is_none_of_restored_s_business(casebridge: CommandLine) -> None:
    done, asked = casebridge("restored", "--reason", "new topics"), casebridge("restored", "--help")
    for said in (done.out, " ".join(asked.out.replace("│", " ").split())):
        assert "docs/runbooks/restore.md" in said
        assert "Kafka" in said


def test_a_restore_of_d365_is_watched_and_what_is_not_sure_is_reported(
    casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        local = casebridge("d365", "restored", "--since", "2026-03-02 12:00", "--reason", "back at noon")
        aware = casebridge("d365", "restored", "--since", "2026-03-02T12:00:00Z", "-r", "r", "--dry-run", "--json")
        wrong = casebridge("d365", "restored", "--since", "noon", "-r", "r")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (local.code, aware.code, wrong.code) == (1, 1, 2)
    assert "since 2026-03-02T12:00:00+05:30" in local.err
    assert "1 of 3" in local.err
    assert "W1-1: D365 has it with different content" in local.out
    assert json.loads(aware.out)["counts"]["queued"] == 1
    assert "2026-03-02T12:00:00+01:00" in wrong.err
    assert [one["body"] for one in Service.seen] == [
        {"since": "2026-03-02T12:00:00+05:30", "dry_run": False, "reason": "back at noon"},
        {"since": "2026-03-02T17:30:00+05:30", "dry_run": True, "reason": "r"},
    ]


@pytest.mark.parametrize("arguments", [["ps"], ["queue", "list"], ["token", "--user", "x"]])
def test_without_a_stack_the_way_out_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str]
) -> None:
    refused = Run(monkeypatch, capsys, *arguments, "--data-dir", str(tmp_path))
    assert refused.code == 1
    assert "make up" in refused.err


def test_down_without_a_stack_is_done_already(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    done = Run(monkeypatch, capsys, "down", "--json", "--data-dir", str(tmp_path))
    assert (done.code, json.loads(done.out)) == (0, {"stopped": False})


def test_erase_names_whose_data_in_the_body_alone(casebridge: CommandLine) -> None:
    base = ["erase", "--dealer", "usmf-us-001", "--reason", "asked for"]
    for wrong in ([], ["--user", "ann", "--contact", "ann@example.com"]):
        refused = casebridge(*base, *wrong)
        assert (refused.code, "--web-case-id" in refused.err) == (2, True)
    Service.seen.clear()
    assert casebridge(*base, "--contact", "ann@example.com", "--dry-run", "--json").code == 0
    whose = {"dealer": "usmf-us-001", "contact": "ann@example.com"}
    assert [seen["body"] for seen in Service.seen] == [{**whose, "reason": "asked for", "dry_run": True}]


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """A terminal at which somebody answers."""
    terminal = io.StringIO(answer)
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", terminal)


@pytest.mark.parametrize(("answer", "code", "dry_runs"), [("y\n", 0, [True, False]), ("n\n", 1, [True])])
def test_erase_counts_and_asks_first(
    casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, dry_runs: list[bool]
) -> None:
    answering(monkeypatch, answer)
    done = casebridge("erase", "--dealer", "usmf-us-001", "-r", "asked for", "--user", "ann", "--json")
    assert done.code == code
    assert "2 cases of usmf-us-001" in done.err
    assert [seen["body"]["dry_run"] for seen in Service.seen] == dry_runs
    assert bool(done.out.strip()) == (code == 0)


def test_erase_without_a_terminal_wants_an_answer_in_the_call(casebridge: CommandLine) -> None:
    base = ["erase", "--dealer", "usmf-us-001", "-r", "asked for", "--user", "ann"]
    refused = casebridge(*base)
    assert (refused.code, "--yes" in refused.err, Service.seen) == (2, True, [])
    assert casebridge(*base, "--yes").code == 0
    assert [seen["body"]["dry_run"] for seen in Service.seen] == [False]


def test_a_dry_run_that_is_interrupted_is_not_replayed(
    casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("casebridge.watching.time.sleep", interrupt)
    ended = casebridge("queue", "replay-all", "-r", "why")
    assert ended.code == 130
    assert "Replay these" not in ended.err
    assert [order["body"]["dry_run"] for order in Service.seen] == [True]


@pytest.fixture
def utc_after(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "2026-07-01 10:00:00 UTC"),
        (("--zone", "Europe/Berlin"), "2026-07-01 12:00:00 CEST"),
        (("--zone", "Asia/Kolkata"), "2026-07-01 15:30:00 IST"),
    ],
)
def test_times_are_those_of_the_users_zone_and_say_so(
    casebridge: CommandLine, utc_after: None, arguments: tuple[str, ...], expected: str
) -> None:
    assert casebridge(*arguments, "queue", "list").code == 0
    assert shown("2026-07-01T10:00:00.123456Z") == expected
    wrong = casebridge("--zone", "Mars/Olympus", "queue", "list")
    assert (wrong.code, "unknown time zone Mars/Olympus" in wrong.err) == (2, True)


def test_a_zone_without_data_on_this_computer_is_not_taken_for_utc(
    casebridge: CommandLine, utc_after: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Python finds it in a package; the C library, which says what this computer's time is, would use UTC."""
    monkeypatch.setenv("TZDIR", str(tmp_path))
    refused = casebridge("--zone", "Europe/Berlin", "queue", "list")
    assert (refused.code, "has no data for the time zone Europe/Berlin" in refused.err) == (2, True)
    assert casebridge("--zone", "UTC", "queue", "list").code == 0


def test_a_search_of_d365_says_that_more_match(casebridge: CommandLine) -> None:
    search = ("queue", "search-d365", "--dealer", "usmf-us-001", "-q", "pump")
    assert "more cases match" in casebridge(*search).err
    assert json.loads(casebridge(*search, "--json").out) == {"items": [], "has_more": True}

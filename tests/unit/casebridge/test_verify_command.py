"""`casebridge queue verify` says what D365 answered, and nothing before it has answered."""

import json
from typing import Any

import pytest

from tests.unit.casebridge.command_line import CommandLine
from tests.unit.casebridge.service import Service

ABSENT = {"kind": "read_back", "started": "2026-12-01T09:00:00Z", "outcome": None, "finding": "absent"}
SENT = {"kind": "create", "started": "2026-12-01T08:00:00Z", "outcome": "rejected", "finding": None}
RUNNING = {
    "paused": False,
    "paused_by": None,
    "paused_reason": None,
    "windows": [{"state": "to_come", "ends_at": "2026-12-02T12:00:00Z"}],
    "breaker": {"state": "closed", "reason": None},
    "environment": {"refused_url": None},
}


@pytest.fixture(autouse=True)
def before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Service, "more", {"attempts": [SENT, ABSENT]})


@pytest.mark.parametrize("earlier", [[SENT, ABSENT], [ABSENT]], ids=["all", "the newest alone"])
def test_a_look_up_says_what_d365_answered(
    casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch, earlier: list[Any]
) -> None:
    found = {**ABSENT, "started": "2026-12-01T10:00:00Z", "finding": "found"}
    monkeypatch.setattr(Service, "after", {"attempts": [*earlier, found][-2:]})
    done = casebridge("queue", "verify", "W1-1", "-r", "why")
    assert (done.code, done.out, done.err) == (0, "W1-1: pending\n", "D365 answered: found\n")


def test_a_look_up_without_an_answer_says_so(casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {**ABSENT, "started": "2026-12-01T10:00:00Z", "finding": "unsure", "why": "connection refused"}
    monkeypatch.setattr(Service, "after", {"attempts": [SENT, ABSENT, found]})
    done = casebridge("queue", "verify", "W1-1", "-r", "why")
    assert (done.code, done.err) == (0, "D365 gave no sure answer: connection refused\n")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        (
            {"paused": True, "paused_by": "rudi", "paused_reason": "patch\x1b day"},
            ": rudi paused delivery (patch\\u001b day)",
        ),
        (
            {"windows": [{"state": "under_way", "ends_at": "2026-12-01T12:00:00Z"}]},
            ": maintenance lasts until 2026-12-01 12:00:00 UTC",
        ),
        ({"breaker": {"state": "open", "reason": "D365 is down"}}, ": nothing is sent to D365 (D365 is down)"),
        (
            {"environment": {"refused_url": "https://other"}},
            ": D365_URL names a different environment than before, https://other",
        ),
    ],
)
def test_a_look_up_that_waits_repeats_no_older_answer(
    casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], why: str
) -> None:
    monkeypatch.setattr(Service, "after", {"attempts": [SENT, ABSENT, {**ABSENT, "finding": None}]})
    monkeypatch.setattr(Service, "delivery", {**RUNNING, **changes})
    done = casebridge("--zone", "UTC", "queue", "verify", "W1-1", "-r", "why", "--json")
    assert (done.code, json.loads(done.out)["id"]) == (0, "W1-1")
    assert done.err == (f"the look-up has no result yet{why}. It runs by itself; see casebridge queue show W1-1\n")

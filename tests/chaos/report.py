"""docs/fault-report.md: what was tried and how often, what was lost, and how long recovery took."""

import platform
import statistics
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tests.chaos.checker import Kind
from tests.chaos.history import Action, Outcome
from tests.chaos.run import Verdict

_HEAD = """\
# Fault report

Written by `make chaos`; do not edit. How it works, and how to run one seed again:
[tests/README.md](../tests/README.md#faults).
"""


def write(file: Path, command: str, verdicts: Sequence[Verdict], again: Sequence[int]) -> None:
    """Write the report. Seeds `again` were late beside another world; only their second runs, alone, count."""
    parts = [_HEAD, _facts(command, verdicts, again), _promises(verdicts), _work(verdicts), _recoveries(verdicts)]
    file.write_text("\n".join([*parts, _seeds(verdicts)]))


def _facts(command: str, verdicts: Sequence[Verdict], again: Sequence[int]) -> str:
    seconds = [verdict.seconds for verdict in verdicts]
    rows = {
        "Commit": _commit(),
        "Command": f"`{command}`",
        "When": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "Machine": f"{psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()},"
        f" Python {platform.python_version()}",
        "System": "2 case-api, 3 d365-sync, 2 status-sync, PostgreSQL, Kafka; D365 sandbox with uniqueness off",
        "Runs": f"{len(verdicts)}, each {min(seconds):.0f} to {max(seconds):.0f} s, {sum(seconds) / 60:.0f} minutes",
        "Late beside another system, so run alone": ", ".join(map(str, again)) or "none",
        "Faults": str(sum(len(verdict.history.recoveries) for verdict in verdicts)),
    }
    return _table(("", ""), rows.items())


def _promises(verdicts: Sequence[Verdict]) -> str:
    counted = Counter(violation.kind for verdict in verdicts for violation in verdict.violations)
    return "## Broken promises\n\n" + _table(("promise", "times broken"), [(kind, str(counted[kind])) for kind in Kind])


def _work(verdicts: Sequence[Verdict]) -> str:
    done: dict[Action, Counter[Outcome]] = defaultdict(Counter)
    for verdict in verdicts:
        for operation in verdict.history.operations:
            done[operation.action][operation.outcome] += 1
    tickets = [ticket for verdict in verdicts for ticket in verdict.history.tickets.values()]
    acknowledged = sum(ticket.submission is Outcome.OK for ticket in tickets)
    rows = [(action, *(str(done[action][outcome]) for outcome in Outcome)) for action in Action if action in done]
    return f"## What clients did\n\n{len(tickets)} cases, {acknowledged} submissions acknowledged.\n\n" + _table(
        ("operation", *Outcome), rows
    )


def _recoveries(verdicts: Sequence[Verdict]) -> str:
    """Per fault: from its end (or from its strike, if other replicas live) to the first new case in D365."""
    by_fault: dict[str, list[float]] = defaultdict(list)
    for verdict in verdicts:
        for recovery in verdict.history.recoveries:
            by_fault[recovery.fault].append(recovery.seconds)
    rows = [
        (fault, str(len(seconds)), f"{statistics.median(seconds):.1f}", f"{max(seconds):.1f}")
        for fault, seconds in sorted(by_fault.items())
    ]
    text = (
        "From the fault's end (its strike, where other replicas live) until a new case has gone all the way:\n"
        "submitted, in D365, its Case ID shown, its status changed there, and that shown."
    )
    head = ("fault", "times", "median, s", "worst, s")
    return f"## Recovery\n\n{text}\n\n" + _table(head, rows)


def _seeds(verdicts: Sequence[Verdict]) -> str:
    rows = [
        (
            str(verdict.seed),
            f"{verdict.seconds:.0f}",
            f"{verdict.settled_seconds:.1f}",
            str(len(verdict.history.tickets)),
            "; ".join(verdict.faults),
        )
        for verdict in verdicts
    ]
    return "## Runs\n\n" + _table(("seed", "s", "settled after, s", "cases", "faults"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _commit() -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    changed = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=True)
    return commit.stdout.strip() + (" with uncommitted changes" if changed.stdout.strip() else "")

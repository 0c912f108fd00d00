"""docs/fault-report.md: what was tried and how often, what was lost, and how long recovery took."""

import platform
import statistics
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import psutil

from tests.chaos.checker import Kind
from tests.chaos.history import Action, Outcome
from tests.chaos.summary import Summary

_MINUTE = "%Y-%m-%d %H:%M"
_HEAD = """\
# Fault report

Written by `make chaos`; do not edit. How it works, and how to run one seed again:
[tests/README.md](../tests/README.md#faults).
"""


def write(file: Path, command: str, summaries: Sequence[Summary]) -> None:
    """Write the report. Of a seed that was late beside another world only its second run, alone, counts."""
    parts = [_HEAD, _facts(command, summaries), _promises(summaries), _work(summaries), _recoveries(summaries)]
    file.write_text("\n".join([*parts, _seeds(summaries)]))


def _facts(command: str, summaries: Sequence[Summary]) -> str:
    seconds, ended = [one.seconds for one in summaries], [one.ended_at for one in summaries]
    rows = {
        "Commit": _commit(),
        "Command": f"`{command}`",
        "When": f"{min(ended):{_MINUTE}} to {max(ended):{_MINUTE}} UTC",
        "Machine": f"{psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()},"
        f" Python {platform.python_version()}",
        "System": "2 case-api, 3 d365-sync, 2 status-sync, PostgreSQL, Kafka; D365 sandbox with uniqueness off",
        "Runs": f"{len(summaries)}, each {min(seconds):.0f} to {max(seconds):.0f} s, {sum(seconds) / 60:.0f} minutes",
        "Faults": str(sum(len(one.recoveries) for one in summaries)),
    }
    return _table(("", ""), rows.items())


def _promises(summaries: Sequence[Summary]) -> str:
    counted = Counter(kind for one in summaries for kind in one.broken)
    return "## Broken promises\n\n" + _table(("promise", "times broken"), [(kind, str(counted[kind])) for kind in Kind])


def _work(summaries: Sequence[Summary]) -> str:
    done: dict[Action, Counter[Outcome]] = defaultdict(Counter)
    for one in summaries:
        for action, outcomes in one.operations.items():
            done[action].update(outcomes)
    cases, acknowledged = sum(one.cases for one in summaries), sum(one.acknowledged for one in summaries)
    rows = [(action, *(str(done[action][outcome]) for outcome in Outcome)) for action in Action if action in done]
    return f"## What clients did\n\n{cases} cases, {acknowledged} submissions acknowledged.\n\n" + _table(
        ("operation", *Outcome), rows
    )


def _recoveries(summaries: Sequence[Summary]) -> str:
    """Per fault: from its end (or from its strike, if other replicas live) to the first new case in D365."""
    by_fault: dict[str, list[float]] = defaultdict(list)
    for one in summaries:
        for recovery in one.recoveries:
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


def _seeds(summaries: Sequence[Summary]) -> str:
    rows = [
        (
            str(one.seed),
            f"{one.seconds:.0f}",
            f"{one.settled_seconds:.1f}",
            str(one.cases),
            "; ".join(one.faults),
        )
        for one in summaries
    ]
    return "## Runs\n\n" + _table(("seed", "s", "settled after, s", "cases", "faults"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _commit() -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    changed = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=True)
    return commit.stdout.strip() + (" with uncommitted changes" if changed.stdout.strip() else "")

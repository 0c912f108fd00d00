"""docs/soak-report.md: what was submitted, what became of it, which faults came, and each part's memory."""

import platform
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psutil

from tests.chaos.soak.ledger import Verdict
from tests.chaos.soak.memory import FIFTHS
from tests.chaos.soak.storm import Struck

_HEAD = """\
# Soak report

Written by `make soak`; do not edit. A generator submits drafts as fast as the system takes them, while faults from the
list of `make chaos` come one after another, {calm:.0f} s apart. In the end, the acknowledged submissions are compared
with the books of D365, which is the sandbox at its fastest with uniqueness off, so that nothing relies on D365 to
refuse duplicates. Faults that need a small world are left out: a full disk, forged records, and restores of D365
([tests/README.md](../tests/README.md#faults)).
"""
_NAMED = 20


@dataclass(frozen=True)
class Soaked:
    """What a soak found; times in seconds, `memory` in MiB by kind and fifth of the time."""

    command: str
    seconds: float
    settled_seconds: float
    calm_seconds: float
    verdict: Verdict
    unknown: int
    surprises: Sequence[str]
    struck: Sequence[Struck]
    memory: Mapping[str, Sequence[float]]
    grown: Sequence[str]

    @property
    def passed(self) -> bool:
        """Whether nothing was lost, doubled or sent unasked, no answer was a surprise, and memory is flat."""
        return self.verdict.kept and not self.surprises and not self.grown


def document(soaked: Soaked) -> str:
    """The whole report."""
    return "\n".join(
        [
            _HEAD.format(calm=soaked.calm_seconds),
            _facts(soaked),
            "## Submissions\n",
            _submissions(soaked),
            "## Memory\n",
            _memory(soaked),
            "## Faults\n",
            _faults(soaked.struck),
        ]
    )


def _facts(soaked: Soaked) -> str:
    rows = {
        "Commit": _commit(),
        "Command": f"`{soaked.command}`",
        "When": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "Machine": f"{psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()},"
        f" Python {platform.python_version()}",
        "System": "2 case-api, 3 d365-sync, 2 status-sync, PostgreSQL, Kafka, each connection through a link",
        "Result": "passed" if soaked.passed else "**failed**",
    }
    return _table(("", ""), rows.items())


def _submissions(soaked: Soaked) -> str:
    verdict = soaked.verdict
    rows = {
        "acknowledged": f"{verdict.acknowledged:,} in {soaked.seconds / 60:.0f} minutes,"
        f" {verdict.acknowledged / max(1.0, soaked.seconds):,.0f} a second",
        "in D365": f"{verdict.in_d365:,}, the last {soaked.settled_seconds:.0f} s after the last submission",
        "lost": _named(verdict.lost),
        "doubled": _named(verdict.doubled),
        "sent unasked": _named(verdict.unasked),
        "dead letters, which operators see": _named(verdict.dead),
        "without an answer until the end": f"{soaked.unknown:,}",
        "refused without reason": _named(soaked.surprises),
        "the ledger adds up": "yes" if verdict.adds_up else "**no**",
    }
    return _table(("submissions", ""), rows.items())


def _named(names: Iterable[str]) -> str:
    found = list(names)
    return f"{len(found):,}" + (f": {', '.join(found[:_NAMED])}" if found else "")


def _memory(soaked: Soaked) -> str:
    rows = [
        (f"`{kind}`", *(f"{mib:,.0f}" if mib else "" for mib in fifths))
        for kind, fifths in sorted(soaked.memory.items())
    ]
    text = "The largest replica, in MiB: the median of each fifth of the time. Memory that processes share counts once."
    flat = f"Grown: {'; '.join(soaked.grown)}." if soaked.grown else "The services stay flat."
    heads = ("part", *(f"{number}. fifth" for number in range(1, FIFTHS + 1)))
    return f"{text}\n{flat}\n\n" + _table(heads, rows)


def _faults(struck: Sequence[Struck]) -> str:
    by_name: dict[str, list[float]] = defaultdict(list)
    for one in struck:
        by_name[one.name].append(one.recovery_seconds)
    rows = [(name, str(len(seconds)), f"{max(seconds):.1f}") for name, seconds in sorted(by_name.items())]
    text = f"{len(struck)} faults. From each one's end until D365 got the next case:"
    return f"{text}\n\n" + _table(("fault", "times", "longest, s"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _commit() -> str:
    run = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return run.stdout.strip() or "unknown"

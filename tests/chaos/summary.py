"""What a report needs of a run, kept as a file, so that an interrupted `make chaos` can go on where it stopped."""

import hashlib
import subprocess
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

from tests.chaos.checker import Kind
from tests.chaos.history import Action, Outcome, Recovery
from tests.chaos.run import Verdict

# Whatever can change what a seed does or what is expected of it.
_CODE = ("services", "shared", "tools", "tests/chaos", "requirements")


class Summary(BaseModel):
    """One run: its faults, what clients did, how long recoveries took, and which promises it broke."""

    model_config = ConfigDict(frozen=True)

    seed: int
    ended_at: AwareDatetime
    faults: tuple[str, ...]
    seconds: float
    settled_seconds: float
    cases: int
    acknowledged: int
    operations: Mapping[Action, Mapping[Outcome, int]]
    recoveries: tuple[Recovery, ...]
    broken: tuple[Kind, ...]

    @classmethod
    def of(cls, verdict: Verdict) -> Self:
        """Return the summary of a run that has just ended."""
        history = verdict.history
        counted: dict[Action, Counter[Outcome]] = {}
        for operation in history.operations:
            counted.setdefault(operation.action, Counter())[operation.outcome] += 1
        tickets = history.tickets.values()
        return cls(
            seed=verdict.seed,
            ended_at=datetime.now(UTC),
            faults=tuple(verdict.faults),
            seconds=verdict.seconds,
            settled_seconds=verdict.settled_seconds,
            cases=len(tickets),
            acknowledged=sum(ticket.submission is Outcome.OK for ticket in tickets),
            operations=counted,
            recoveries=tuple(history.recoveries),
            broken=tuple(violation.kind for violation in verdict.violations),
        )


class Passed:
    """The seeds that have passed with the code as it is committed, one file each below `keep`."""

    def __init__(self, keep: Path) -> None:
        """Keep nothing while the code has uncommitted changes: nobody could know later what has run."""
        code = _code()
        self._folder = keep / "passed" / code if code else None

    def load(self, seeds: Collection[int]) -> list[Summary]:
        """Return the summaries of those of `seeds` that have passed."""
        files = sorted(self._folder.glob("*.json")) if self._folder else []
        passed = [Summary.model_validate_json(file.read_bytes()) for file in files]
        return [summary for summary in passed if summary.seed in seeds]

    def store(self, summary: Summary) -> None:
        """Keep a run that broke no promise."""
        if self._folder is not None and not summary.broken:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / f"{summary.seed}.json").write_text(summary.model_dump_json())


def _code() -> str | None:
    if _git("status", "--porcelain", "--", *_CODE):
        return None
    trees = _git("rev-parse", *(f"HEAD:{path}" for path in _CODE))
    return hashlib.sha256(trees.encode()).hexdigest()[:12]


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout

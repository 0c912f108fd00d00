"""What clients did and what came of it: the record that the checker judges by, and that explains a failing seed."""

import json
import time
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

# D365 refuses a case with this in its description, until somebody has mended it.
REFUSED = "[D365 refuses this]"


class Outcome(StrEnum):
    """As Jepsen has them: it took effect, it surely did not, or nobody can tell."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Action(StrEnum):
    """What a client asks for."""

    CREATE = "create"
    EDIT = "edit"
    SUBMIT = "submit"
    LIST = "list"
    PEEK = "peek"
    MOVE = "move"
    REPLAY = "replay"
    RETURN = "return"


@dataclass(frozen=True)
class Operation:
    """One operation of one client; times in seconds since the run began."""

    action: Action
    client: str
    outcome: Outcome
    began: float
    ended: float
    web_case_id: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class Recovery:
    """How long the flow took to move again after a fault."""

    fault: str
    seconds: float
    limit_seconds: float


@dataclass
class Ticket:
    """A dealer's case and what its client knows of it; `submission` tells whether it was acknowledged."""

    key: str
    dealer: str
    description: str
    to_submit: bool
    web_case_id: str | None = None
    submission: Outcome | None = None
    times_submitted: int = 0


@dataclass
class History:
    """All of one run."""

    seed: int
    started: float = field(default_factory=time.monotonic)
    operations: list[Operation] = field(default_factory=list)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    recoveries: list[Recovery] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)

    def now(self) -> float:
        """Seconds since the run began."""
        return round(time.monotonic() - self.started, 3)

    def add(
        self,
        action: Action,
        client: str,
        outcome: Outcome,
        began: float,
        web_case_id: str | None = None,
        detail: str = "",
    ) -> None:
        """Record an operation that has ended."""
        self.operations.append(Operation(action, client, outcome, began, self.now(), web_case_id, detail))

    def tell(self, what: str, **details: Any) -> None:
        """Record what the faults did."""
        self.events.append({"at": self.now(), "what": what, **details})

    def write(self, file: Path) -> None:
        """Write it as JSON lines in the order of time."""
        lines = [{"at": operation.ended, **asdict(operation)} for operation in self.operations] + self.events
        lines.sort(key=lambda line: line["at"])
        lines += [{"ticket": asdict(ticket)} for ticket in self.tickets.values()]
        lines += [{"leak": leak} for leak in self.leaks] + [{"surprise": one} for one in self.surprises]
        file.write_text("".join(json.dumps(line, default=str) + "\n" for line in lines))

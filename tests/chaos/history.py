"""What clients did and the results: the checker judges by this record, and it explains a failing seed."""

import json
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

# D365 refuses a case with this in its description, until somebody corrects it.
REFUSED = "[D365 refuses this]"
# Each text has one, to recognize it wherever it appears.
TOKEN = re.compile(r"text-\d+-\d+-end")
_NOT_FOR_DEALERS = frozenset({"HumanResources", "FMLA", "Audit"})


def party_of(case: Mapping[str, Any]) -> str | None:
    """The dealer who owns this case of D365 now; None if no dealer may read it."""
    if case.get("CategoryType") in _NOT_FOR_DEALERS:
        return None
    return f"{case['dataAreaId']}-{case['CustomerAccount']}".lower()


class Outcome(StrEnum):
    """As in Jepsen: it took effect, it certainly did not, or it is unknown."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Action(StrEnum):
    """What a client requests."""

    CREATE = "create"
    EDIT = "edit"
    SUBMIT = "submit"
    LIST = "list"
    PEEK = "peek"
    MOVE = "move"
    REPLAY = "replay"
    RETURN = "return"
    HAND_OVER = "hand over"


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
    """A dealer's case and what its client knows of it; `submission` says whether it was acknowledged."""

    key: str
    dealer: str
    description: str
    to_submit: bool
    web_case_id: str | None = None
    submission: Outcome | None = None


@dataclass
class History:
    """Everything that happened in one run."""

    seed: int
    started: float = field(default_factory=time.monotonic)
    operations: list[Operation] = field(default_factory=list)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    recoveries: list[Recovery] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    # Requests of dealers and operators, and those that failed; under faults some do.
    requests: int = 0
    failures: list[str] = field(default_factory=list)
    # Texts by their tokens, with the dealers who may ever read each.
    may_read: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    seen: set[tuple[str, str]] = field(default_factory=set)
    forged: set[str] = field(default_factory=set)
    # What D365's staff did to cases, by Web Case ID, and the numbers that cases have lost.
    rewritten: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    handed_over: set[str] = field(default_factory=set)
    old_numbers: set[tuple[str, str]] = field(default_factory=set)
    own_statuses: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(lambda: {"None"}))

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

    def answered(self, request: str, status: int, body: Any, *, failed: bool) -> None:
        """Count a request, and record why it failed."""
        self.requests += 1
        if failed:
            self.failures.append(f"{self.now():.1f} s: {request}: {status} {str(body)[:300]}")

    def new_token(self, readers: set[str]) -> str:
        """A token for a text that only these dealers may read."""
        token = f"text-{self.seed}-{len(self.may_read)}-end"
        self.may_read[token] |= readers
        return token

    def saw(self, dealer: str, text: str) -> None:
        """Record which texts of this run the dealer has read."""
        for token in set(TOKEN.findall(text)):
            if token in self.may_read and (dealer, token) not in self.seen:
                self.seen.add((dealer, token))
                self.note("first read", dealer=dealer, token=token)

    @property
    def misread(self) -> list[tuple[str, str]]:
        """(dealer, token) of texts that a dealer read without permission."""
        return sorted((dealer, token) for dealer, token in self.seen if dealer not in self.may_read[token])

    def note(self, what: str, **details: Any) -> None:
        """Record what the faults did."""
        self.events.append({"at": self.now(), "what": what, **details})

    def write(self, file: Path) -> None:
        """Write the history as JSON lines, in order of time."""
        lines = [{"at": operation.ended, **asdict(operation)} for operation in self.operations] + self.events
        lines.sort(key=lambda line: line["at"])
        lines += [{"ticket": asdict(ticket)} for ticket in self.tickets.values()]
        lines += [{"leak": leak} for leak in self.leaks] + [{"surprise": one} for one in self.surprises]
        file.write_text("".join(json.dumps(line, default=str) + "\n" for line in lines))

"""What a check found: findings, steps, the report. Stable IDs and codes for programs, English texts for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from case_shared.d365.check.texts import TEXTS

_NO_VALUES: Mapping[str, str] = MappingProxyType({})
_LONGEST_VALUE = 500
# What became of a case that the check created matters, whatever else it found.
_ALWAYS_SHOWN = {"left_nothing", "left_cancelled", "left_closed"}


class StepId(StrEnum):
    """The steps, in the order in which they run."""

    SETTINGS = "settings"
    NETWORK = "network"
    TOKEN = "token"  # noqa: S105 - the name of a step
    SERVICE = "service"
    ENTITIES = "entities"
    PRIVILEGES = "privileges"
    COMPANIES = "companies"
    QUERIES = "queries"
    CLOCK = "clock"
    WRITE = "write"
    EVENTS = "events"
    THROTTLING = "throttling"
    STATUS_SYMBOLS = "status_symbols"


class State(StrEnum):
    """How a step ended; a warning does not make the check fail."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


# A step is as bad as its worst finding; one that was partly skipped counts by its other parts.
_WORST = (State.FAILED, State.WARNING, State.OK, State.SKIPPED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a step found; `code` names its texts in `TEXTS`, and `values` fill them in.

    `unreachable`: the network or a server was in the way, not a setting.
    """

    state: State
    code: str
    values: Mapping[str, str] = field(default_factory=lambda: _NO_VALUES)
    unreachable: bool = False

    @property
    def message(self) -> str:
        """What the step found."""
        return TEXTS[self.code].message % self.values

    @property
    def remedy(self) -> str:
        """What to do about it; empty if nothing needs doing."""
        return TEXTS[self.code].remedy % self.values


def ok(code: str, **values: object) -> Finding:
    """Make a finding that all is well."""
    return Finding(State.OK, code, _texts(values))


def warning(code: str, **values: object) -> Finding:
    """Make a finding that somebody should know about."""
    return Finding(State.WARNING, code, _texts(values))


def failed(code: str, **values: object) -> Finding:
    """Make a finding that somebody must act on."""
    return Finding(State.FAILED, code, _texts(values))


def unreachable(code: str, **values: object) -> Finding:
    """Make a finding that a server cannot be reached, or is down."""
    return Finding(State.FAILED, code, _texts(values), unreachable=True)


def skipped(code: str, **values: object) -> Finding:
    """Make a finding that the step could not judge."""
    return Finding(State.SKIPPED, code, _texts(values))


@dataclass(frozen=True, slots=True)
class Step:
    """One step with everything it found."""

    id: StepId
    findings: tuple[Finding, ...]

    @property
    def state(self) -> State:
        """The worst of its findings."""
        return min((one.state for one in self.findings), key=_WORST.index)

    @property
    def message(self) -> str:
        """What the step found; only the problems, if it has any."""
        return " ".join(_ended(one.message) for one in self.shown)

    @property
    def remedy(self) -> str | None:
        """What to do; None if nothing needs doing."""
        return " ".join(dict.fromkeys(one.remedy for one in self.shown if one.remedy)) or None

    @property
    def shown(self) -> Sequence[Finding]:
        """The findings that somebody should read."""
        if self.state in {State.OK, State.SKIPPED}:
            return self.findings
        shown = {State.FAILED, State.WARNING}
        return [one for one in self.findings if one.state in shown or one.code in _ALWAYS_SHOWN]

    def as_json(self) -> dict[str, Any]:
        """Return the step as `--json` and the API show it."""
        return {"id": self.id.value, "state": self.state.value, "message": self.message, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class Proof:
    """D365 refused a second case with the same Web Case ID, and took it with another one."""

    case_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """The whole check; `proof` if it proved uniqueness, `or_terms`: the longest chain of `or` that D365 took."""

    steps: tuple[Step, ...]
    proof: Proof | None = None
    or_terms: int | None = None

    @property
    def ok(self) -> bool:
        """Whether no step failed; warnings do not count."""
        return all(step.state is not State.FAILED for step in self.steps)

    @property
    def disproved(self) -> bool:
        """Whether D365 took a second case with the same Web Case ID."""
        return any(one.code == "not_unique" for step in self.steps for one in step.findings)

    @property
    def exit_code(self) -> int:
        """0 all well or warnings only, 1 something needs doing, 2 D365 or its token endpoint cannot be reached."""
        if self.ok:
            return 0
        return 2 if any(one.unreachable for step in self.steps for one in step.findings) else 1

    def as_json(self) -> dict[str, Any]:
        """Return the report as `casebridge d365 check --json` prints it."""
        return {"ok": self.ok, "steps": [step.as_json() for step in self.steps]}


def _ended(message: str) -> str:
    """End the message with a full stop; words of D365 or the system at its end may lack one."""
    return message if message.endswith((".", "!", "?")) else f"{message}."


def _texts(values: Mapping[str, object]) -> Mapping[str, str]:
    return {name: str(value)[:_LONGEST_VALUE] for name, value in values.items()}

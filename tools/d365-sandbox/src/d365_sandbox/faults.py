"""Faults on request: their definition, which calls they match, and what happens to a call."""

import random
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import translate
from re import IGNORECASE
from re import compile as compile_pattern
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class FaultKind(StrEnum):
    """What goes wrong; the README describes each one."""

    REJECT = "reject"
    STATUS = "status"
    HTML = "html"
    REDIRECT = "redirect"
    NOT_JSON = "not_json"
    NO_CASE_ID = "no_case_id"
    EMPTY_LIST = "empty_list"
    HIDE_RECORD = "hide_record"
    REVERSED_LIST = "reversed_list"
    UNASKED_RECORD = "unasked_record"
    DROP = "drop"
    HANG = "hang"
    LATE_COMMIT = "late_commit"
    SLOW = "slow"
    OUTAGE = "outage"
    RATE_LIMIT = "rate_limit"
    EVENT_DROP = "event_drop"
    EVENT_DUPLICATE = "event_duplicate"
    EVENT_DELAY = "event_delay"
    EVENT_REORDER = "event_reorder"


class Operation(StrEnum):
    """What a call does; `any` is every call to D365 itself, so neither tokens (Entra's) nor events."""

    ANY = "any"
    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"
    METADATA = "metadata"
    TOKEN = "token"  # noqa: S105 (the name of an operation)
    EVENT = "event"


class When(StrEnum):
    """Whether a write takes effect before the fault."""

    BEFORE_COMMIT = "before_commit"
    AFTER_COMMIT = "after_commit"


class BodyKind(StrEnum):
    """The body of an error answer."""

    ODATA = "odata"
    HTML = "html"
    NONE = "none"


EVENT_KINDS = frozenset(kind for kind in FaultKind if kind.value.startswith("event_"))
NEEDED = {
    FaultKind.STATUS: "status",
    FaultKind.SLOW: "delay_seconds",
    FaultKind.RATE_LIMIT: "limit",
    FaultKind.EVENT_DELAY: "delay_seconds",
}


class Fault(BaseModel):
    """One fault: its kind, the calls that it matches (every given condition must match), and how often."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(default_factory=lambda: uuid.uuid4().hex[:8], pattern=r"^[\w-]{1,40}$")
    kind: FaultKind
    operation: Operation = Operation.ANY
    entity_set: str | None = None
    data_area_id: str | None = None
    web_case_id: str | None = None
    text: str | None = None
    fields: dict[str, str] = {}
    probability: float = Field(1.0, gt=0, le=1)
    count: int | None = Field(None, ge=1)
    when: When = When.BEFORE_COMMIT
    delay_seconds: float | None = Field(None, ge=0, le=86_400)
    retry_after_seconds: int | None = Field(None, ge=0)
    status: int | None = Field(None, ge=400, le=599)
    body: BodyKind | None = None
    message: str | None = None
    limit: int | None = Field(None, ge=0)
    per_seconds: float | None = Field(None, gt=0, le=3600)

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needed = NEEDED.get(self.kind)
        if needed and getattr(self, needed) is None:
            raise ValueError(f"a fault of kind '{self.kind}' needs '{needed}'")
        return self

    @property
    def composes(self) -> bool:
        """Whether the call continues to the next fault after this one."""
        return self.kind is FaultKind.SLOW


@dataclass(frozen=True, slots=True)
class Call:
    """A call as faults see it; `text` is its address and body, in lower case."""

    operation: Operation
    entity_set: str = ""
    text: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to a call: a delay, then perhaps one fault, then perhaps a delay of the answer."""

    delay_seconds: float = 0.0
    late_seconds: float = 0.0
    fault: Fault | None = None
    applied: tuple[str, ...] = ()


def matches(fault: Fault, call: Call) -> bool:
    """Whether the fault matches the call, apart from chance and count."""
    return (
        _meets_operation(fault, call.operation)
        and (not fault.entity_set or fault.entity_set == call.entity_set)
        and _mentions(call, fault.web_case_id)
        and _mentions(call, fault.text)
        and _in_company(fault, call)
        and all(_like(str(call.fields.get(name, "")), pattern) for name, pattern in fault.fields.items())
    )


def _meets_operation(fault: Fault, operation: Operation) -> bool:
    if (fault.kind in EVENT_KINDS) != (operation is Operation.EVENT):
        return False
    if operation is Operation.EVENT:
        return True
    return fault.operation is operation or (fault.operation is Operation.ANY and operation is not Operation.TOKEN)


def _mentions(call: Call, text: str | None) -> bool:
    return not text or text.lower() in call.text


def _in_company(fault: Fault, call: Call) -> bool:
    if not fault.data_area_id:
        return True
    company = fault.data_area_id.lower()
    return str(call.fields.get("dataAreaId", "")).lower() == company or f"'{company}'" in call.text


def _like(value: str, pattern: str) -> bool:
    return compile_pattern(translate(pattern), IGNORECASE).match(value) is not None


class FaultRegistry:
    """The active faults, in the order in which they were set; counts each one's matches."""

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._faults = {fault.id: fault for fault in faults}
        self._left = {fault.id: fault.count for fault in self._faults.values() if fault.count}
        self._hits: dict[str, int] = {}
        # When calls were let through, for limits per time.
        self._let_through: dict[str, deque[float]] = {}
        self._chance = chance
        self._clock = clock

    def add(self, fault: Fault) -> None:
        """Sets a fault, or replaces the one with the same ID."""
        self.remove(fault.id)
        self._faults[fault.id] = fault
        if fault.count:
            self._left[fault.id] = fault.count

    def remove(self, fault_id: str) -> bool:
        """Ends a fault; False if there was none with this ID."""
        self._left.pop(fault_id, None)
        self._let_through.pop(fault_id, None)
        self._hits.pop(fault_id, None)
        return self._faults.pop(fault_id, None) is not None

    def replace(self, faults: Iterable[Fault]) -> None:
        """Ends every fault and sets these."""
        self._faults, self._left, self._hits, self._let_through = {}, {}, {}, {}
        for fault in faults:
            self.add(fault)

    def plan(self, call: Call, in_flight: int = 0) -> Plan:
        """What happens to this call; uses up the counts of the faults that match."""
        delay, late, applied = 0.0, 0.0, []
        for fault in list(self._faults.values()):
            if not self._strikes(fault, call, in_flight):
                continue
            applied.append(fault.id)
            if not fault.composes:
                return Plan(delay, late, fault, tuple(applied))
            seconds = fault.delay_seconds or 0.0
            delay, late = (delay, late + seconds) if fault.when is When.AFTER_COMMIT else (delay + seconds, late)
        return Plan(delay, late, None, tuple(applied))

    def _strikes(self, fault: Fault, call: Call, in_flight: int) -> bool:
        if not matches(fault, call) or self._left.get(fault.id) == 0:
            return False
        if fault.kind is FaultKind.RATE_LIMIT and not self._exceeds(fault, in_flight):
            return False
        if fault.probability < 1 and self._chance() >= fault.probability:
            return False
        self._hits[fault.id] = self._hits.get(fault.id, 0) + 1
        if fault.id in self._left and (left := self._left[fault.id]):
            self._left[fault.id] = left - 1
        return True

    def _exceeds(self, fault: Fault, in_flight: int) -> bool:
        """Whether this call is one too many: at the same time, or within the last `per_seconds`."""
        limit = fault.limit or 0
        if fault.per_seconds is None:
            return in_flight > limit
        now, let_through = self._clock(), self._let_through.setdefault(fault.id, deque())
        while let_through and now - let_through[0] >= fault.per_seconds:
            let_through.popleft()
        if len(let_through) < limit:
            let_through.append(now)
            return False
        return True

    def standing(self) -> list[Fault]:
        """The faults to keep over a restart, with their remaining counts, without those used up."""
        left = self._left
        return [
            fault.model_copy(update={"count": left.get(fault.id)})
            for fault in self._faults.values()
            if left.get(fault.id) != 0
        ]

    def describe(self) -> list[dict[str, Any]]:
        """Every fault with its hits and its remaining count."""
        return [
            {
                **fault.model_dump(mode="json", exclude_none=True),
                "hits": self._hits.get(fault.id, 0),
                "left": self._left.get(fault.id),
            }
            for fault in self._faults.values()
        ]

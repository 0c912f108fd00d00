"""What must move: each loop of a leader and each step of the poll, with the time within which it must succeed.

Readiness, metrics, the alert rule and the concerns of `GET /v1/flow` all use this one list. Each service writes its
own progress into table `d365_sync.progress`: so the others see that a service is gone, and a leader that moves to
another replica stays one row.
"""

import os
import socket
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from prometheus_client import Gauge

from case_shared.database.postgres import Pool
from case_shared.database.statements import Statement
from case_shared.process.heartbeats import Heartbeats

EVERY_SECONDS = 5.0
_LONGEST_ERROR = 1000
_age = Gauge(
    "casebridge_progress_age_seconds",
    "Time since a loop or step of any service last succeeded, or since its service started if it never did",
    ["service", "name"],
)
_bound = Gauge(
    "casebridge_progress_bound_seconds", "Time within which the loop or step must succeed", ["service", "name"]
)
_step_age = Gauge(
    "casebridge_d365_step_age_seconds",
    "Time since a step of the poll last succeeded, or since status-sync started if it never did",
    ["step"],
)


@dataclass(frozen=True, slots=True)
class Moving:
    """One loop or step; must succeed `within_seconds`; `each_replica` runs it, or else the leader; a `step` reads D365.

    `name` is its name in `Heartbeats`. Its first success is due `first_within_seconds` after its service starts, if
    that is sooner.
    """

    service: str
    name: str
    within_seconds: float = 120
    step: bool = False
    each_replica: bool = False
    first_within_seconds: float | None = None


MUST_MOVE: tuple[Moving, ...] = (
    Moving("case-api", "outbox"),
    Moving("case-api", "resend"),
    Moving("case-api", "live", each_replica=True),
    Moving("case-api", "consume_deliveries", each_replica=True),
    Moving("case-api", "retention", within_seconds=1800),
    Moving("d365-sync", "consume_submissions", each_replica=True),
    Moving("d365-sync", "consume_statuses", each_replica=True),
    Moving("d365-sync", "tend"),
    Moving("d365-sync", "deliver"),
    Moving("d365-sync", "verify"),
    Moving("d365-sync", "publish"),
    Moving("d365-sync", "compare"),
    Moving("d365-sync", "log_failures"),
    Moving("d365-sync", "replays"),
    Moving("d365-sync", "d365_restores"),
    Moving("d365-sync", "ledger", within_seconds=600),
    Moving("d365-sync", "retention", within_seconds=1800),
    Moving("status-sync", "consume_events", each_replica=True),
    Moving("status-sync", "consume_deliveries", each_replica=True),
    Moving("status-sync", "outbox"),
    Moving("status-sync", "due_reads", within_seconds=900, step=True),
    Moving("status-sync", "dealers", within_seconds=900, step=True),
    Moving("status-sync", "categories", within_seconds=900, step=True),
    Moving("status-sync", "priorities", within_seconds=900, step=True),
    Moving("status-sync", "cases", within_seconds=900, step=True),
    Moving("status-sync", "sweep", within_seconds=900, step=True),
    Moving("status-sync", "restored", within_seconds=900, step=True),
    Moving("status-sync", "controls", within_seconds=900, step=True),
)


def expected(
    service: str,
    *,
    without: Collection[str] = (),
    step_seconds: float | None = None,
    first_step_seconds: float | None = None,
) -> tuple[Moving, ...]:
    """Return what must move in `service`, except what its settings omit; the last two are the bounds of its steps."""
    found = [one for one in MUST_MOVE if one.service == service and one.name not in without]
    if step_seconds is None:
        return tuple(found)
    steps = (replace(one, within_seconds=step_seconds, first_within_seconds=first_step_seconds) for one in found)
    return tuple(bounded if one.step else one for one, bounded in zip(found, steps, strict=True))


class Standing(NamedTuple):
    """How a loop or step is doing now, whichever replica runs it."""

    service: str
    name: str
    step: bool
    within_seconds: float
    age_seconds: float


@dataclass
class Progress:
    """Writes the progress of this process, and shows that of all."""

    pool: Pool
    heartbeats: Heartbeats
    moving: Sequence[Moving]
    instance: str = field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}")
    _standing: Sequence[Standing] = ()

    async def turn(self) -> bool:
        """Write and read once; returns False, since the turn leaves nothing to do."""
        outcomes = [self.heartbeats.outcome(one.name) for one in self.moving]
        rows = await self.pool.fetch(
            Statement.REPORT_PROGRESS.text,
            self.moving[0].service,
            [one.name for one in self.moving],
            [self.instance if one.each_replica else "" for one in self.moving],
            [one.step for one in self.moving],
            [one.within_seconds for one in self.moving],
            [outcome.success_seconds for outcome in outcomes],
            [outcome.try_seconds for outcome in outcomes],
            [outcome.error and _storable(outcome.error) for outcome in outcomes],
            [outcome.kind for outcome in outcomes],
            [one.first_within_seconds or one.within_seconds for one in self.moving],
        )
        self._standing = [Standing(**row) for row in rows]
        _show(self._standing)
        return False

    async def moves(self) -> bool:
        """Return whether all of this service succeeded in time, as of the last read; for /readyz."""
        service = self.moving[0].service
        return all(one.age_seconds <= one.within_seconds for one in self._standing if one.service == service)


def _storable(text: str) -> str:
    """Return `text`, which D365 wrote, as PostgreSQL takes it."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:_LONGEST_ERROR]


def _show(standing: Sequence[Standing]) -> None:
    """Set the gauges; ages keep growing while the database is away."""
    for gauge in (_age, _bound, _step_age):
        gauge.clear()
    for one in standing:
        _age.labels(one.service, one.name).set_function(_growing(one.age_seconds))
        _bound.labels(one.service, one.name).set(one.within_seconds)
        if one.step:
            _step_age.labels(one.name).set_function(_growing(one.age_seconds))


def _growing(age_seconds: float) -> Callable[[], float]:
    began = time.monotonic() - age_seconds
    return lambda: time.monotonic() - began

"""Metrics of the queue as a whole."""

from dataclasses import dataclass

from prometheus_client import Gauge

from case_shared.d365.check.report import State as StepState
from d365_sync.domain.document import State
from d365_sync.domain.ledger import MUST_BE_ZERO, adds_up
from d365_sync.postgres.checks import PostgresChecks
from d365_sync.postgres.control import PostgresControl
from d365_sync.postgres.queries import Queries

_OPEN = (State.PENDING, State.DELIVERING, State.VERIFYING, State.DEFERRED, State.FAILED)
_UNKNOWN = float("nan")
_documents = Gauge("d365_sync_documents", "Open documents and dead letters", ["state"])
_oldest = Gauge("d365_sync_oldest_document_age_seconds", "Age of the oldest of these documents", ["state"])
_twice = Gauge("d365_sync_cases_twice", "Documents whose case D365 has twice, until an operator has dealt with it")
_paused = Gauge("d365_sync_paused", "1 while an operator has paused delivery or a maintenance window is active")
_ledger = Gauge(
    "d365_sync_ledger_adds_up", "1 while every submission is accounted for; NaN if another replica reports it"
)
_misplaced = Gauge(
    "d365_sync_ledger_misplaced", "What must be zero in the ledger; only the leader reports it", ["kind"]
)
_check_failed = Gauge("casebridge_d365_check_failed", "1 if this step failed in the last check of D365", ["step"])
_check_age = Gauge("casebridge_d365_check_age_seconds", "Time since the last check of D365; NaN before the first")
_uniqueness = Gauge(
    "casebridge_d365_uniqueness_unproven", "1 while nothing proves that D365 keeps the Web Case ID unique"
)
_ledger.set(_UNKNOWN)
_check_age.set(_UNKNOWN)


@dataclass(frozen=True)
class Measure:
    """Refreshes the gauges."""

    control: PostgresControl
    queries: Queries
    checks: PostgresChecks

    async def backlog(self) -> bool:
        """Count the queue; returns False: the loop's turn is done."""
        found = {one.state: one for one in await self.control.backlog()}
        for state in _OPEN:
            _documents.labels(state).set(found[state].documents if state in found else 0)
            _oldest.labels(state).set(found[state].oldest_seconds if state in found else 0)
        _twice.set(await self.control.twice())
        stored = await self.control.read()
        _paused.set(stored.paused or stored.in_window)
        await self._check()
        return False

    async def _check(self) -> None:
        for step in await self.checks.steps():
            _check_failed.labels(step["id"]).set(step["state"] == StepState.FAILED)
        last = await self.checks.last()
        _check_age.set(last.age_seconds if last else _UNKNOWN)
        _uniqueness.set(await self.checks.is_unproven())

    async def ledger(self) -> bool:
        """Add up the ledger, a join of all submissions, so only the leader does it; returns False."""
        counts = await self.queries.ledger()
        counts.pop("as_of")
        _ledger.set(adds_up(counts))
        for kind in MUST_BE_ZERO:
            _misplaced.labels(kind).set(counts[kind])
        return False

    def forget_ledger(self) -> None:
        """Clear the ledger's gauges: another process leads now, and reports it."""
        _ledger.set(_UNKNOWN)
        _misplaced.clear()

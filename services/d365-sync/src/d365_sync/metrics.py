"""What Prometheus is told about the queue as a whole."""

from dataclasses import dataclass

from prometheus_client import Gauge

from d365_sync.domain.document import State
from d365_sync.domain.ledger import MUST_BE_ZERO, adds_up
from d365_sync.postgres.control import PostgresControl
from d365_sync.postgres.queries import Queries

_OPEN = (State.PENDING, State.DELIVERING, State.VERIFYING, State.DEFERRED, State.FAILED)
_UNKNOWN = float("nan")
_documents = Gauge("d365_sync_documents", "Documents that are not at an end, and dead letters", ["state"])
_oldest = Gauge("d365_sync_oldest_document_age_seconds", "Age of the oldest such document", ["state"])
_untold = Gauge("d365_sync_untold_revision_age_seconds", "For how long the oldest unpublished revision waits")
_paused = Gauge("d365_sync_paused", "1 while an operator has paused delivery, or a maintenance window is under way")
_ledger = Gauge("d365_sync_ledger_adds_up", "1 while every submission has its place; NaN where another replica tells")
_misplaced = Gauge("d365_sync_ledger_misplaced", "What the ledger wants to be zero; told by the leader alone", ["kind"])
_ledger.set(_UNKNOWN)


@dataclass(frozen=True)
class Measure:
    """Refreshes the gauges."""

    control: PostgresControl
    queries: Queries

    async def backlog(self) -> bool:
        """Count the queue; returns False, as a loop's turn that is done."""
        found = {one.state: one for one in await self.control.backlog()}
        for state in _OPEN:
            _documents.labels(state).set(found[state].documents if state in found else 0)
            _oldest.labels(state).set(found[state].oldest_seconds if state in found else 0)
        _untold.set(await self.control.untold_seconds())
        stored = await self.control.read()
        _paused.set(stored.paused or stored.in_window)
        return False

    async def ledger(self) -> bool:
        """Add the ledger up, a join of all submissions: for the leader alone; returns False."""
        counts = await self.queries.ledger()
        counts.pop("as_of")
        _ledger.set(adds_up(counts))
        for kind in MUST_BE_ZERO:
            _misplaced.labels(kind).set(counts[kind])
        return False

    def forget_ledger(self) -> None:
        """Another process leads now, and tells it."""
        _ledger.set(_UNKNOWN)
        _misplaced.clear()

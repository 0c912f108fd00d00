"""Store the results of attempts, those of a moment in one statement; keep them while the database is down."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter

from case_shared.database.errors import DATA_ERRORS
from case_shared.process.fault_points import FaultPoint, reached
from case_shared.process.loops import Spacing
from case_shared.process.telemetry import trace_id_of
from d365_sync.app.ports import Changed, Documents, Result
from d365_sync.domain.document import Cause, State

log = structlog.get_logger(__name__)
# Writes begin this far apart at least; outcomes that come meanwhile share the next.
_SPACING_SECONDS = 0.02
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE_SECONDS = 2.0
_attempts = Counter("d365_sync_attempts_total", "Attempts by kind and outcome", ["kind", "outcome"])
_ended = Counter("d365_sync_documents_ended_total", "Documents that reached an end", ["state", "cause"])


@dataclass
class StoreOutcomes:
    """Collects results and writes them; `stored` is called after each write."""

    documents: Documents
    log_failures: bool
    stored: Callable[[Sequence[Changed]], None]
    _waiting: list[Result] = field(default_factory=list)
    _storing: int = 0
    _spacing: Spacing = field(default_factory=lambda: Spacing(_SPACING_SECONDS))
    _writer: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Results that are not stored yet."""
        return len(self._waiting) + self._storing

    def add(self, result: Result) -> None:
        """Add a result; it is stored soon."""
        _count(result)
        self._waiting.append(result)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="store-outcomes")

    async def drain(self) -> None:
        """Wait until everything is stored."""
        while self._writer is not None and not self._writer.done():
            await asyncio.shield(self._writer)

    async def _write(self) -> None:
        while self._waiting:
            await self._spacing.wait()
            results, self._waiting = self._waiting, []
            self._storing = len(results)
            await self._store(results)
            self._storing = 0

    async def _store(self, results: Sequence[Result]) -> None:
        delay = _FIRST_PAUSE
        while True:
            try:
                changed = await self.documents.store(results, log_failures=self.log_failures)
            except DATA_ERRORS as error:
                await self._apart(results, error)
                return
            except Exception as error:
                # The database is down. Only this process knows the outcomes, so it keeps them until the database is
                # back.
                log.error(
                    "outcomes_not_stored", documents=len(results), error=repr(error), exc_info=delay < _FIRST_PAUSE * 2
                )
                await asyncio.sleep(delay)
                delay = min(delay * 2, _LONGEST_PAUSE_SECONDS)
            else:
                reached(FaultPoint.OUTCOMES_STORED)
                _count_ended(changed)
                self.stored(changed)
                return

    async def _apart(self, results: Sequence[Result], error: Exception) -> None:
        """Halve a batch whose data the database refuses; a single one is looked up after its lease has expired."""
        if len(results) > 1:
            middle = len(results) // 2
            await self._store(results[:middle])
            await self._store(results[middle:])
        else:
            claim = results[0].claim
            trace_id = trace_id_of(claim.traceparent)
            log.error("outcome_refused", document=str(claim.id), error=repr(error), trace_id=trace_id)


def _count(result: Result) -> None:
    decision = result.decision
    _attempts.labels(result.claim.kind, decision.outcome or decision.finding or "").inc()


def _count_ended(changed: Sequence[Changed]) -> None:
    for document in changed:
        if document.state in {State.DELIVERED, State.FAILED}:
            _ended.labels(document.state.value, document.cause.value if document.cause else "").inc()
            level = log.warning if document.cause in {Cause.REJECTED, *_ALARMS} else log.info
            level(
                "document_ended",
                web_case_id=document.id.web_case_id,
                state=document.state.value,
                cause=document.cause,
                trace_id=trace_id_of(document.traceparent),
            )


_ALARMS = frozenset({Cause.OTHER_CONTENT, Cause.FOUND_TWICE, Cause.ATTEMPTS_EXHAUSTED, Cause.SUPERSEDED})

"""Record failed documents in D365's own document queue, for D365's staff. Best effort: no state depends on it."""

from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from case_shared.d365.errors import D365Error, D365TransientError
from case_shared.process.telemetry import span
from d365_sync.app.ports import D365, Documents, FailureToLog

log = structlog.get_logger(__name__)
_BATCH = 20
_MAX_TRIES = 5
_FIRST_RETRY_SECONDS = 10.0
_logged = Counter("d365_sync_failures_logged_total", "Failures written to D365's document queue", ["result"])


@dataclass(frozen=True)
class LogFailures:
    """Writes a batch of failures, each keyed by its document: writing again changes the same row."""

    d365: D365
    documents: Documents
    timeout_seconds: float

    async def __call__(self) -> bool:
        """Write a batch; True if there may be more."""
        failures = await self.documents.failures_to_log(_BATCH)
        for failure in failures:
            with span("log failure", attributes={"casebridge.document": str(failure.id)}):
                answered = await self._write(failure)
            if not answered:
                # D365 is busy or unreachable: each of the rest would wait as long.
                return False
        return len(failures) == _BATCH

    async def _write(self, item: FailureToLog) -> bool:
        """Write one failure; False if D365 gave no answer."""
        answered, retry_seconds = True, None
        try:
            await self.d365.log_document_failure(item.failure, timeout=self.timeout_seconds)
            _logged.labels("written").inc()
        except D365Error as error:
            answered = not isinstance(error, D365TransientError)
            if item.tries + 1 < _MAX_TRIES:
                retry_seconds = _FIRST_RETRY_SECONDS * 2.0**item.tries
            _logged.labels("failed").inc()
            log.warning("failure_not_logged", document=str(item.id), error=error.why, retry_seconds=retry_seconds)
        await self.documents.note_failure_logged(item.id, retry_seconds)
        return answered

"""Send submissions again that got no response: so the system recovers from a topic that lost records."""

from dataclasses import dataclass

import structlog
from prometheus_client import Counter

from case_api.app.stores import ResendStore
from case_shared.process.fault_points import FaultPoint, reached
from case_shared.process.loops import WakeUp
from case_shared.process.telemetry import trace_id_of

log = structlog.get_logger(__name__)
EVERY_SECONDS = 5.0
_BATCH = 500
_resent = Counter("casebridge_submissions_resent_total", "Submissions sent again because no answer came from d365-sync")


@dataclass(frozen=True, slots=True)
class Resender:
    """Puts due submissions into the outbox again, and wakes the outbox publisher."""

    store: ResendStore
    outbox: WakeUp

    async def turn(self) -> bool:
        """Resend one batch; True if more may be due."""
        again = await self.store.resend(_BATCH)
        if again:
            reached(FaultPoint.SUBMISSION_SENT_AGAIN)
        for one in again:
            log.warning("submission_resent", web_case_id=one.web_case_id, trace_id=trace_id_of(one.traceparent))
        if again:
            _resent.inc(len(again))
            self.outbox.wake()
        return len(again) == _BATCH

"""Deliver one document: the POST, and what follows from its answer."""

from dataclasses import dataclass

from case_shared.d365.answers import Forbidden
from case_shared.d365.errors import D365Error
from case_shared.process import telemetry
from case_shared.process.fault_points import FaultPoint, reached
from d365_sync.app.ports import D365, Result
from d365_sync.domain.document import Claim
from d365_sync.domain.outcomes import Policy, after_post


@dataclass(frozen=True)
class Deliver:
    """Sends a case to D365; the intent is already stored. `timeout_seconds` bounds each call."""

    d365: D365
    policy: Policy
    timeout_seconds: float

    async def __call__(self, claim: Claim) -> Result:
        """Return the attempt's result; failures of D365 or the network do not raise."""
        with telemetry.span(
            "deliver", traceparent=claim.traceparent, attributes={"casebridge.document": str(claim.id)}
        ):
            answer = await self.d365.create_case(claim.case, timeout=self.timeout_seconds)
            reached(FaultPoint.CASE_POSTED)
            # A 403 concerns either this category (security is per role and category type) or every request.
            control = await self._control_read() if isinstance(answer, Forbidden) else None
        exchange = answer.exchange
        return Result(claim, after_post(answer, claim, self.policy, control), exchange, exchange.support)

    async def _control_read(self) -> D365Error | None:
        try:
            await self.d365.probe(timeout=self.timeout_seconds)
        except D365Error as error:
            return error
        return None

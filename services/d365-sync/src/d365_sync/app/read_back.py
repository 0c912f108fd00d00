"""Look documents up in D365 by Web Case ID, many in one request, and tell what that proves about each."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from case_shared.d365.errors import D365Error
from case_shared.d365.matching import is_ours
from case_shared.d365.models import CaseToCreate, D365Case, ReadBack, is_case_id
from case_shared.fault_points import FaultPoint, reached
from d365_sync.app.alarms import found_twice
from d365_sync.app.ports import D365, Documents, Earlier, Result
from d365_sync.domain.document import Claim, Finding
from d365_sync.domain.outcomes import Policy, after_failed_look_up, after_look_up

log = structlog.get_logger(__name__)
_MEND = "mend the case there, or [case.fields] case_id of the mapping, then replay"


@dataclass(frozen=True)
class LookUp:
    """Reads back with a positive control (DESIGN section 5). `by_submission_id`: D365 keeps our submission id."""

    d365: D365
    documents: Documents
    policy: Policy
    timeout_seconds: float
    by_submission_id: bool

    async def __call__(self, claims: Sequence[Claim]) -> list[Result]:
        """What becomes of `claims`, all of one legal entity."""
        try:
            controls = await self.documents.control_cases(claims[0].case.data_area_id)
            answer = await self.d365.find_by_web_case_id(
                claims[0].case.data_area_id,
                [claim.id.web_case_id for claim in claims],
                control_case_ids=controls,
                timeout=self.timeout_seconds,
            )
            reached(FaultPoint.LOOK_UP_ANSWERED)
            if not controls:
                # Nothing is known to be there yet: then at least the entity set must be readable.
                await self.d365.probe(timeout=self.timeout_seconds)
        except D365Error as error:
            log.warning("look_up_failed", documents=len(claims), error=error.why)
            return [Result(claim, after_failed_look_up(error, claim, self.policy)) for claim in claims]
        return [await self._result(claim, answer, controlled=bool(controls)) for claim in claims]

    async def _result(self, claim: Claim, answer: ReadBack, *, controlled: bool) -> Result:
        found = answer.found.get(claim.id.web_case_id, ())
        if not found:
            sure = answer.is_surely_absent(claim.id.web_case_id) or not controlled
            why = "" if sure else "no such case, but a case known to be in D365 was not in the answer either"
            finding, case_id = (Finding.ABSENT if sure else Finding.UNSURE), None
        elif len(found) > 1:
            finding, case_id, why = self._twice(claim, found)
        elif not is_case_id(found[0].case_id):
            finding, case_id = Finding.UNUSABLE_CASE_ID, None
            why = f"D365 has it, but its Case ID cannot be used ({len(found[0].case_id)} characters); {_MEND}"
        else:
            finding, case_id = await self._compare(claim, found[0]), found[0].case_id
            why = f"D365 has it as case {case_id}: {finding.value.replace('_', ' ')}"
        return Result(claim, after_look_up(finding, case_id, why, claim, self.policy))

    def _twice(self, claim: Claim, found: Sequence[D365Case]) -> tuple[Finding, None, str]:
        found_twice(claim.id.web_case_id)
        case_ids = ", ".join(case.case_id for case in found)
        return (
            Finding.FOUND_TWICE,
            None,
            f"D365 has it more than once, as cases {case_ids}; close all but one there, then link that one",
        )

    async def _compare(self, claim: Claim, found: D365Case) -> Finding:
        if is_ours(found, claim.case, by_submission_id=self.by_submission_id):
            return Finding.FOUND
        for earlier in await self.documents.earlier_submissions(claim.id):
            sent = self._as_sent(earlier, claim)
            if sent and is_ours(found, sent, by_submission_id=self.by_submission_id):
                seen = (earlier.id.web_case_id, earlier.submission_id, found.case_id)
                await self.documents.deliver_by_evidence([seen])
                return Finding.EARLIER_SUBMISSION
        return Finding.OTHER_CONTENT

    def _as_sent(self, earlier: Earlier, claim: Claim) -> CaseToCreate | None:
        """What a case found is compared with; where D365 keeps our submission id, no payload is needed for that."""
        if self.by_submission_id:
            return claim.case.model_copy(update={"submission_id": earlier.submission_id})
        return earlier.case

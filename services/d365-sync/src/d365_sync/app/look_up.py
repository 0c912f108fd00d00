"""Look documents up in D365 by Web Case ID, many in one request, and say what that proves about each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from case_shared.d365.errors import D365Error, D365RefusedKeys, D365TransientError, D365Unavailable
from case_shared.d365.matching import is_ours, same_key
from case_shared.d365.models import CaseToCreate, D365Case, LookUpAnswer, is_case_id
from case_shared.process.fault_points import FaultPoint, reached
from d365_sync.app.alarms import found_twice
from d365_sync.app.ports import D365, Documents, Earlier, Result
from d365_sync.app.positive_control import ControlledLookUp
from d365_sync.domain.document import Claim, Finding
from d365_sync.domain.look_ups import after_failed_look_up, after_look_up
from d365_sync.domain.outcomes import Policy

log = structlog.get_logger(__name__)
_UNSURE = (
    "The answer from D365 proves nothing: it contains neither this case nor a case that is known to be in D365. If "
    "D365 was restored to an earlier time, run `casebridge d365 restored`"
)
_REMEDY = "correct the case in D365, or [case.fields] case_id in the mapping, then replay"


@dataclass
class LookUp:
    """Looks up with a known case (docs/design.md#when-is-a-case-surely-absent-from-d365).

    `by_submission_id`: D365 keeps our submission ID.
    """

    d365: D365
    documents: Documents
    policy: Policy
    timeout_seconds: float
    by_submission_id: bool
    controlled: ControlledLookUp = field(init=False)

    def __post_init__(self) -> None:
        """Check each answer against a known case."""
        self.controlled = ControlledLookUp(self.d365, self.documents, self.timeout_seconds, self.policy.settle_seconds)

    async def __call__(self, claims: Sequence[Claim]) -> list[Result]:
        """Return what becomes of each claim; all are of one legal entity."""
        try:
            answer = await self.controlled(claims[0].case.data_area_id, [claim.id.web_case_id for claim in claims])
            reached(FaultPoint.LOOK_UP_ANSWERED)
        except D365RefusedKeys as error:
            # If it is about none of these, it is about a known case, and says nothing of any.
            refused = [claim for claim in claims if claim.id.web_case_id in error.keys] or claims
            others = [claim for claim in claims if claim not in refused]
            log.warning("look_up_refused", documents=len(refused), error=error.why)
            return [*await self._without(others, error), *(self._failed(claim, error) for claim in refused)]
        except D365TransientError as error:
            return await self._interrupted(claims, error)
        except D365Error as error:
            log.warning("look_up_failed", documents=len(claims), error=error.why)
            return [self._failed(claim, error) for claim in claims]
        return [await self._result(claim, answer) for claim in claims]

    async def _without(self, others: Sequence[Claim], error: D365RefusedKeys) -> list[Result]:
        """What becomes of claims that D365 does not refuse, if it answers for any at all."""
        if others and error.answered.keys:
            return await self(others)
        unavailable = D365Unavailable(error.why, status=error.status)
        unavailable.support = error.support
        return [self._failed(claim, unavailable) for claim in others]

    async def _interrupted(self, claims: Sequence[Claim], error: D365TransientError) -> list[Result]:
        """Each answer counts: with a slow D365 that fails now and then, the rest alone is looked up again."""
        answered = [claim for claim in claims if error.answered.says_something_about(claim.id.web_case_id)]
        rest = [claim for claim in claims if not error.answered.says_something_about(claim.id.web_case_id)]
        log.warning("look_up_failed", documents=len(rest), answered=len(answered), error=error.why)
        results = [await self._result(claim, error.answered) for claim in answered]
        return [*results, *(self._failed(claim, error) for claim in rest)]

    def _failed(self, claim: Claim, error: D365Error) -> Result:
        return Result(claim, after_failed_look_up(error, claim, self.policy), support=error.support)

    async def _result(self, claim: Claim, answer: LookUpAnswer) -> Result:
        found = answer.found.get(claim.id.web_case_id, ())
        if not found:
            proof = answer.proof_of_absence(claim.id.web_case_id)
            (finding, why), case_id = await self._absent(claim) if proof else (Finding.UNSURE, _UNSURE), None
        elif len(found) > 1:
            finding, case_id, why = self._twice(claim, found)
        elif not is_case_id(found[0].case_id):
            finding, case_id = Finding.UNUSABLE_CASE_ID, None
            why = f"D365 has the case, but its Case ID is not usable ({len(found[0].case_id)} characters); {_REMEDY}"
        else:
            finding, case_id = await self._compare(claim, found[0]), found[0].case_id
            why = f"D365 has it as case {case_id} ({finding.value.replace('_', ' ')})"
        decision = after_look_up(finding, case_id, why, claim, self.policy)
        return Result(claim, decision, support=answer.support.get(claim.id.web_case_id))

    async def _absent(self, claim: Claim) -> tuple[Finding, str]:
        """An operator may have linked an earlier submission to a case without Web Case ID: the case is in D365."""
        earlier = await self.documents.earlier_submissions(claim.id) if claim.id.submission_no > 1 else []
        for one in earlier:
            if one.delivered_as:
                why = f"Submission {one.id.submission_no} of this case is delivered as case {one.delivered_as}"
                return Finding.EARLIER_SUBMISSION, why
        return Finding.ABSENT, ""

    def _twice(self, claim: Claim, found: Sequence[D365Case]) -> tuple[Finding, None, str]:
        found_twice(claim.id.web_case_id, claim.traceparent)
        case_ids = ", ".join(case.case_id for case in found)
        return (
            Finding.FOUND_TWICE,
            None,
            f"D365 has it more than once, as cases {case_ids}. Close all except one in D365, then link that one",
        )

    async def _compare(self, claim: Claim, found: D365Case) -> Finding:
        earlier = await self.documents.earlier_submissions(claim.id) if claim.id.submission_no > 1 else []
        if any(self._is_known_as(one, found) for one in earlier):
            return Finding.EARLIER_SUBMISSION
        if is_ours(found, claim.case, by_submission_id=self.by_submission_id):
            return Finding.FOUND
        for one in earlier:
            sent = self._as_sent(one, claim)
            if sent and is_ours(found, sent, by_submission_id=self.by_submission_id):
                await self.documents.deliver_by_evidence([(one.id.web_case_id, one.submission_id, found.case_id)])
                return Finding.EARLIER_SUBMISSION
        return Finding.OTHER_CONTENT

    def _is_known_as(self, earlier: Earlier, found: D365Case) -> bool:
        """Whether the case is an earlier submission's, although D365 keeps nothing that distinguishes the two."""
        return not self.by_submission_id and same_key(earlier.delivered_as, found.case_id)

    def _as_sent(self, earlier: Earlier, claim: Claim) -> CaseToCreate | None:
        """What to compare the found case with; if D365 keeps our submission ID, that needs no payload."""
        if self.by_submission_id:
            return claim.case.model_copy(update={"submission_id": earlier.submission_id})
        return earlier.case

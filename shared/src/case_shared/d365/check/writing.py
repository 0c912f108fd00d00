"""Step `write`: is the Web Case ID unique, and does D365 keep texts as sent? Finding out takes a case."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import structlog

from case_shared.d365.answers import CreateAnswer, Created, Forbidden, Rejected, Unauthorized
from case_shared.d365.check.longest_texts import longest_texts
from case_shared.d365.check.marked_case import differences, marked_case, shortened, without_number
from case_shared.d365.check.own_cases import OwnCases, why
from case_shared.d365.check.report import Finding, Proof, State, failed, ok, warning
from case_shared.d365.check.statuses import Ending, ending
from case_shared.d365.check.target import Target
from case_shared.d365.errors import D365Error
from case_shared.d365.models import CaseToCreate, moment_or_none
from case_shared.d365.odata import key_equals, string_literal
from case_shared.words.events import CaseStatus
from case_shared.words.identifiers import CHECK_PREFIX, is_of_a_check, new_marked_id

log = structlog.get_logger(__name__)
_COLLISION_SECONDS = 3.0
# A check cancels its case before it waits for events; only finding lengths on a slow D365 takes minutes before that.
_LONGEST_OPEN = timedelta(minutes=10)
_MOST_EARLIER = 100


def not_written(target: Target) -> list[Finding]:
    """Say what is known without writing."""
    if not target.mapping.web_case_id_unique:
        return [warning("not_unique_by_mapping")]
    if proof := target.asked.proof:
        return [ok("uniqueness_proven_before", at=f"{proof.at:%Y-%m-%d %H:%M} UTC", case_id=proof.case_id)]
    return [warning("uniqueness_unproven")]


@dataclass
class Writing:
    """Creates marked cases in `company` and leaves them canceled (or closed), or deletes them if permitted.

    Call `run` first and `finish` last: in between, D365 sends the cases' events.
    """

    target: Target
    company: str
    case: CaseToCreate | None = None
    case_ids: list[str] = field(default_factory=list)
    _may_delete: bool = False
    _ran: bool = False
    _failed: bool = False
    _open: set[str] = field(default_factory=set)  # cases that are neither canceled nor closed
    _ending: Ending | None = None
    _control: CaseToCreate | None = None  # the same case with another Web Case ID

    @property
    def _cases(self) -> OwnCases:
        return OwnCases(self.target, self.company)

    async def run(self) -> list[Finding]:
        """Create the case, try to create it again, and cancel it. Raises: D365Error, only before anything exists."""
        prepared = await marked_case(self.target, self.company)
        if isinstance(prepared, Finding):
            return [prepared]
        self.case = prepared
        findings = [*await self._close_earlier(), *await self._create_first()]
        if self.case_ids:
            try:
                findings += [await self._create_second()]
            except D365Error as error:
                findings.append(failed("unavailable", why=error.why))
            await self._cancel(self.case_ids)
        self._ran = True
        self._failed = any(one.state is State.FAILED for one in findings)
        return findings

    async def finish(self) -> list[Finding]:
        """Delete what was created, if permitted, and then try two cases without a Web Case ID."""
        if self.case and not self._ran:
            await self._find_interrupted()
            await self._cancel(self.case_ids)
        findings = [await self._delete(case_id) for case_id in self.case_ids]
        if self.case and self._ran and findings:
            findings += await self._two_without_number(self.case)
            self._prove(findings)
        return findings

    async def _create_first(self) -> list[Finding]:
        assert self.case, "run prepares it"
        answer, refused = await self._cases.post(self.case), None
        if isinstance(answer, Rejected):
            # The texts may be the reason: a second try with short ones shows it.
            refused, self.case = answer.full_text, shortened(self.case).model_copy(update={"submission_id": uuid4()})
            answer = await self._cases.post(self.case)
        match answer:
            case Created():
                self.case_ids.append(answer.case_id)
                findings = await self._compare(self.case, answer.case_id)
                findings += await self._too_long(answer.case_id, refused) if refused else []
                code = "created_otherwise" if findings else "created"
                return [*findings, ok(code, case_id=answer.case_id, company=self.company)]
            case Unauthorized() | Forbidden():
                # Not in step `privileges`: the next reading check, which creates nothing, would replace it.
                status = 401 if isinstance(answer, Unauthorized) else 403
                return [failed("lacks_maintain", entity_set=self.target.mapping.case.entity_set, status=status)]
            case Rejected():
                return [failed("create_refused", why=answer.full_text)]
        return [await self._unclear(self.case, answer)]

    async def _too_long(self, case_id: str, refusal: str) -> list[Finding]:
        """Find the texts that D365 refuses at the length the portal allows; it refused all of them by `refusal`."""

        async def change(field: str, text: str) -> None:
            await self._cases.call("PATCH", case_id, orjson.dumps({field: text}))

        try:
            found = await longest_texts(self.target, change)
        except D365Error as error:
            log.warning("check_lengths_not_found", error=str(error))
            found = []
        return found or [warning("too_long", why=refusal)]

    async def _create_second(self) -> Finding:
        """Create the case again; if D365 refuses that, a control must show that it does so for the Web Case ID."""
        assert self.case, "run prepares it"
        answer = await self._create(self.case.model_copy(update={"submission_id": uuid4()}))
        if len(self.case_ids) > 1:
            return failed("not_unique", case_id=self.case_ids[1])
        if not isinstance(answer, Rejected):
            return warning("second_unclear", why=why(answer))
        self._control = self.case.model_copy(update={"web_case_id": new_marked_id(), "submission_id": uuid4()})
        answer = await self._create(self._control)
        if len(self.case_ids) > 1:
            self.target.learned.second_refused = True
            return ok("unique")
        return warning("control_refused" if isinstance(answer, Rejected) else "second_unclear", why=why(answer))

    async def _create(self, case: CaseToCreate) -> CreateAnswer:
        """Post a further case and note it, even if the answer does not show it; again if the refusal may pass."""
        answer = await self._create_once(case)
        if isinstance(answer, Rejected) and answer.retry_once:
            # A number sequence's collision looks like a refusal (docs/d365.md#refusals).
            await asyncio.sleep(_COLLISION_SECONDS)
            answer = await self._create_once(case)
        return answer

    async def _create_once(self, case: CaseToCreate) -> CreateAnswer:
        answer = await self._cases.post(case)
        found = [answer.case_id] if isinstance(answer, Created) else await self._cases.find(case)
        self.case_ids += [case_id for case_id in found if case_id not in self.case_ids]
        return answer

    async def _unclear(self, case: CaseToCreate, answer: CreateAnswer) -> Finding:
        """Look the case up: if D365 has it all the same, the check goes on with it."""
        try:
            self.case_ids += await self._cases.find(case)
        except D365Error as error:
            log.warning("check_case_not_looked_up", web_case_id=case.web_case_id, error=str(error))
        if self.case_ids:
            return warning("created_without_answer", why=why(answer), case_id=self.case_ids[0])
        return failed("create_unclear", why=why(answer), web_case_id=case.web_case_id)

    async def _compare(self, case: CaseToCreate, case_id: str) -> list[Finding]:
        fields = self.target.mapping.case.fields.by_ours()
        sent = {ours: theirs for ours, theirs in fields.items() if ours in CaseToCreate.model_fields}
        wanted, select = key_equals(fields["case_id"], case_id), ",".join(sent.values())
        try:
            rows = await self._cases.select(wanted, select) or await self._cases.select(wanted, select)
        except D365Error as error:
            return [warning("unavailable", why=error.why)]
        if not rows:
            # Whatever hides it from this read hides every case from look-ups and polls, too.
            entity_set = self.target.mapping.case.entity_set
            return [failed("created_not_shown", case_id=case_id, company=self.company, entity_set=entity_set)]
        return list(differences(case, rows[0], sent))

    async def _find_interrupted(self) -> None:
        """Find cases that were created although the answer got lost."""
        for case in filter(None, (self.case, self._control)):
            try:
                self.case_ids = list(dict.fromkeys([*self.case_ids, *await self._cases.find(case)]))
            except D365Error as error:
                log.warning("check_case_not_looked_up", web_case_id=case.web_case_id, error=str(error))

    async def _close_earlier(self) -> list[Finding]:
        """Close marked cases that a killed check left open; younger ones may belong to a check that runs now."""
        fields = self.target.mapping.case.fields
        marked = f"{fields.web_case_id} eq {string_literal(f'{CHECK_PREFIX}*')}"
        select = f"{fields.case_id},{fields.web_case_id},{fields.status},{fields.modified_at}"
        try:
            rows = await self._cases.select(marked, select, most=_MOST_EARLIER)
        except D365Error as error:
            log.warning("check_earlier_cases_not_looked_up", error=str(error))
            return []
        case_ids = [str(row[fields.case_id]) for row in rows if self._was_left_open(row)]
        await self._cancel(case_ids)
        return [await self._delete(case_id) for case_id in case_ids]

    def _was_left_open(self, row: Mapping[str, Any]) -> bool:
        mapping = self.target.mapping
        fields = mapping.case.fields
        if not is_of_a_check(str(row.get(fields.web_case_id))):
            return False
        if mapping.portal_status(str(row.get(fields.status))) in {CaseStatus.CANCELED, CaseStatus.CLOSED}:
            return False
        modified_at = moment_or_none(row.get(fields.modified_at))
        return modified_at is not None and modified_at < self.target.clock.now() - _LONGEST_OPEN

    async def _cancel(self, case_ids: Sequence[str]) -> None:
        self._open.update(case_ids)
        self._ending = await ending(self.target) if case_ids else None
        if self._ending is None:
            return
        body = orjson.dumps({self.target.mapping.case.fields.status: self._ending.symbol})
        for case_id in case_ids:
            try:
                await self._cases.call("PATCH", case_id, body)
            except D365Error as error:
                log.warning("check_case_not_cancelled", case_id=case_id, error=str(error))
            else:
                self._open.discard(case_id)

    async def _delete(self, case_id: str) -> Finding:
        try:
            await self._cases.call("DELETE", case_id)
        except D365Error as error:
            if case_id in self._open:
                return warning("left_open", case_id=case_id, company=self.company, why=error.why)
            closed = self._ending is not None and self._ending.status is CaseStatus.CLOSED
            return ok("left_closed" if closed else "left_cancelled", case_id=case_id)
        self._may_delete = True
        return ok("left_nothing", case_id=case_id)

    async def _two_without_number(self, case: CaseToCreate) -> list[Finding]:
        """Two cases without a Web Case ID prove it; if D365 already has two, create none."""
        fields = self.target.mapping.case.fields
        empty = f"{fields.web_case_id} eq {string_literal('')}"
        try:
            if len(await self._cases.select(empty, fields.case_id, most=2)) == 2:
                return [ok("blanks_pass")]
            return await self._create_two(case) if self._may_delete else [ok("blanks_not_tried")]
        except D365Error as error:
            return [warning("second_unclear", why=error.why)]

    async def _create_two(self, case: CaseToCreate) -> list[Finding]:
        blank = await without_number(self.target, case)
        case_ids: list[str] = []
        findings: list[Finding] = []
        for _ in range(2):
            answer = await self._cases.post(blank.model_copy(update={"submission_id": uuid4()}))
            if isinstance(answer, Created):
                case_ids.append(answer.case_id)
                self._open.add(answer.case_id)
            elif isinstance(answer, Rejected):
                findings.append(failed("blanks_refused", why=answer.full_text))
            else:
                findings.append(warning("second_unclear", why=why(answer)))
        findings += [ok("blanks_pass")] if len(case_ids) == 2 else []
        for case_id in case_ids:
            left = await self._delete(case_id)
            findings += [left] if left.code != "left_nothing" else []
        return findings

    def _prove(self, findings: list[Finding]) -> None:
        failed = self._failed or any(one.state is State.FAILED for one in findings)
        if self.target.learned.second_refused and not failed:
            self.target.learned.proof = Proof(self.case_ids[0], self.target.clock.now())

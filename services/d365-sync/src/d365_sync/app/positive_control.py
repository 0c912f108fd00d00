"""Look-ups whose "not there" is proof: each answer must also show a known case."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import structlog

from case_shared.d365.errors import D365Misconfigured, D365RefusedKeys
from case_shared.d365.keys import is_key
from case_shared.d365.models import AbsenceProof, D365Case, LookUpAnswer
from d365_sync.app.ports import D365, Documents

log = structlog.get_logger(__name__)
# How many older cases go along with each request, once D365 has shown them.
_OLDER_AT_ONCE = 3


@dataclass(frozen=True)
class ControlledLookUp:
    """Looks up by Web Case ID, with the newest known cases of the legal entity as controls, or with older ones.

    Older ones count if D365 shows none of the newest: it may have been restored to an earlier time. They count only if
    the newest were confirmed longer ago than `settle_seconds`: otherwise the answer may predate them. The reasons for
    these rules: docs/adr/0021-controls-after-a-restore-of-d365.md.
    """

    d365: D365
    documents: Documents
    timeout_seconds: float
    settle_seconds: float
    _older: dict[str, tuple[str, ...]] = field(default_factory=dict)

    async def __call__(
        self, data_area_id: str, web_case_ids: Collection[str], *, restored: bool = False
    ) -> LookUpAnswer:
        """What D365 has of these. `restored`: an operator says that D365 was restored, so nothing is merely late.

        Raises: D365Error.
        """
        newest = [one for one in await self.documents.control_cases(data_area_id) if is_key(one.case_id)]
        if not newest:
            return await self._before_the_first(data_area_id, web_case_ids)
        settled = restored or all(one.known_seconds > self.settle_seconds for one in newest)
        known = self._older.get(data_area_id, ()) if settled else ()
        answer = await self._find(data_area_id, web_case_ids, [*(one.case_id for one in newest), *known])
        unsure = [one for one in web_case_ids if one not in answer.proofs and one not in answer.found]
        if not unsure or not settled:
            return answer
        older = await self._look_further_back(data_area_id)
        if older:
            again = await self._find(data_area_id, unsure, older)
        elif await self.documents.restored_before_the_first(data_area_id):
            again = await self._one_after_a_restore(data_area_id, unsure)
        else:
            return answer
        support = {**answer.support, **again.support}
        return LookUpAnswer({**answer.found, **again.found}, {**answer.proofs, **again.proofs}, support)

    async def _find(self, data_area_id: str, web_case_ids: Collection[str], controls: Sequence[str]) -> LookUpAnswer:
        return await self.d365.find_by_web_case_id(
            data_area_id, web_case_ids, control_case_ids=controls, timeout=self.timeout_seconds
        )

    async def _before_the_first(self, data_area_id: str, web_case_ids: Collection[str]) -> LookUpAnswer:
        """The legal entity has no known case yet: a list in answer has to suffice."""
        if await self.documents.restored_before_the_first(data_area_id):
            return await self._one_after_a_restore(data_area_id, web_case_ids)
        return await self._without_control(data_area_id, web_case_ids, web_case_ids)

    async def _one_after_a_restore(self, data_area_id: str, web_case_ids: Collection[str]) -> LookUpAnswer:
        """D365 was restored to before its first case: one document may go, and becomes the control for the rest.

        If D365 hides what it has, it hides that one too, and no other follows.
        """
        first = await self.documents.first_open(data_area_id)
        return await self._without_control(data_area_id, web_case_ids, [one for one in web_case_ids if one == first])

    async def _without_control(
        self, data_area_id: str, web_case_ids: Collection[str], first: Collection[str]
    ) -> LookUpAnswer:
        answer = await self._find(data_area_id, web_case_ids, [])
        return LookUpAnswer(answer.found, dict.fromkeys(first, AbsenceProof.BY_FIRST_CASE), answer.support)

    async def _look_further_back(self, data_area_id: str) -> Sequence[str]:
        """A few older cases that D365 shows now."""
        older = [one for one in await self.documents.older_control_cases(data_area_id) if is_key(one)]
        found = tuple(case.case_id for case in await self._shown(data_area_id, older))[:_OLDER_AT_ONCE]
        if found and self._older.get(data_area_id) != found:
            log.warning("newest_cases_gone_from_d365", data_area_id=data_area_id, older_controls=list(found))
        self._older[data_area_id] = found
        return found

    async def _shown(self, data_area_id: str, older: Sequence[str]) -> Sequence[D365Case]:
        """The older cases that D365 shows; one whose Case ID it refuses is no obstacle, because others may serve."""
        try:
            return await self._read(data_area_id, older)
        except D365RefusedKeys as error:
            return await self._read(data_area_id, [one for one in older if one not in error.keys])
        except D365Misconfigured as error:
            # D365 has just answered the look-up itself, so a 400 is about these Case IDs.
            if error.status != 400:
                raise
            log.warning("older_cases_refused", data_area_id=data_area_id, error=error.why)
            return ()

    async def _read(self, data_area_id: str, case_ids: Sequence[str]) -> Sequence[D365Case]:
        return await self.d365.read_cases_by_case_id(data_area_id, case_ids, timeout=self.timeout_seconds)

"""Look-ups whose "not there" is proof: each answer must also show a known case."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import structlog

from case_shared.d365.errors import D365Misconfigured, D365RefusedKeys, D365Throttled, D365TransientError
from case_shared.d365.keys import is_key
from case_shared.d365.models import AbsenceProof, D365Case, LookUpAnswer
from d365_sync.app.ports import D365, Documents

log = structlog.get_logger(__name__)
# How many older cases go along with each request, once D365 has shown them.
_OLDER_AT_ONCE = 3


_NOTHING = LookUpAnswer({}, {})


class _Look(NamedTuple):
    """What D365 showed, and the failure that kept it from answering for the rest."""

    shown: LookUpAnswer
    failure: D365TransientError | None = None

    def asked(self, keys: Collection[str]) -> Collection[str]:
        """Return those of `keys` for which D365 has answered."""
        return keys if self.failure is None else [key for key in keys if key in self.shown.keys]

    def followed_by(self, other: "_Look") -> "_Look":
        """Return what both show together."""
        mine, theirs = self.shown, other.shown
        shown = LookUpAnswer(
            {**mine.found, **theirs.found},
            {**mine.proofs, **theirs.proofs},
            {**mine.support, **theirs.support},
            mine.keys | theirs.keys,
        )
        return _Look(shown, self.failure or other.failure)

    def answer(self) -> LookUpAnswer:
        """Return what it showed. Raises: the failure, with what D365 had shown."""
        if self.failure is None:
            return self.shown
        self.failure.answered = self.shown
        raise self.failure


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

        Raises: D365Error; a D365TransientError has what D365 had shown until then.
        """
        newest = await self.documents.control_cases(data_area_id)
        if not newest:
            return (await self._before_the_first(data_area_id, web_case_ids)).answer()
        settled = restored or all(one.known_seconds > self.settle_seconds for one in newest)
        known = self._older.get(data_area_id, ()) if settled else ()
        # Without any that D365 can be asked for, the answer proves nothing: other cases are known all the same.
        usable = [one.case_id for one in newest if is_key(one.case_id)]
        look = await self._find(data_area_id, web_case_ids, [*usable, *known])
        unsure = [one for one in look.asked(web_case_ids) if not look.shown.says_something_about(one)]
        if not unsure or not settled or isinstance(look.failure, D365Throttled):
            return look.answer()
        return look.followed_by(await self._ask_beside_older(data_area_id, unsure)).answer()

    async def _ask_beside_older(self, data_area_id: str, unsure: Collection[str]) -> _Look:
        try:
            older = await self._look_further_back(data_area_id)
        except D365TransientError as error:
            return _Look(_NOTHING, error)
        if older:
            return await self._find(data_area_id, unsure, older)
        if await self.documents.restored_before_the_first(data_area_id):
            return await self._one_after_a_restore(data_area_id, unsure)
        return _Look(_NOTHING)

    async def _find(self, data_area_id: str, web_case_ids: Collection[str], controls: Sequence[str]) -> _Look:
        try:
            answer = await self.d365.find_by_web_case_id(
                data_area_id, web_case_ids, control_case_ids=controls, timeout=self.timeout_seconds
            )
        except D365TransientError as error:
            return _Look(error.answered, error)
        return _Look(answer)

    async def _before_the_first(self, data_area_id: str, web_case_ids: Collection[str]) -> _Look:
        """The legal entity has no known case yet: a list in answer has to suffice."""
        if await self.documents.restored_before_the_first(data_area_id):
            return await self._one_after_a_restore(data_area_id, web_case_ids)
        return await self._without_control(data_area_id, web_case_ids, web_case_ids)

    async def _one_after_a_restore(self, data_area_id: str, web_case_ids: Collection[str]) -> _Look:
        """D365 was restored to before its first case: one document may go, and becomes the control for the rest.

        If D365 hides what it has, it hides that one too, and no other follows.
        """
        first = await self.documents.first_open(data_area_id)
        return await self._without_control(data_area_id, web_case_ids, [one for one in web_case_ids if one == first])

    async def _without_control(self, data_area_id: str, web_case_ids: Collection[str], first: Collection[str]) -> _Look:
        look = await self._find(data_area_id, web_case_ids, [])
        proofs = {one: AbsenceProof.BY_FIRST_CASE for one in look.asked(web_case_ids) if one in first}
        return look._replace(shown=replace(look.shown, proofs=proofs))

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

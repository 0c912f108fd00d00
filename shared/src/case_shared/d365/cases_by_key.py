# ruff: noqa: ASYNC109 - the caller's lease bounds the whole call, so its seconds are passed down
"""Looks up cases by key, many per request, and never reads more rows than the keys can have."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from case_shared.d365.chains import Chains, fails_at_a_row
from case_shared.d365.errors import (
    D365AnswersTooMuch,
    D365Error,
    D365Misconfigured,
    D365TransientError,
    D365Unavailable,
)
from case_shared.d365.mapping import CaseFields
from case_shared.d365.matching import same_key
from case_shared.d365.models import AbsenceProof, D365Case, LookUpAnswer, StoredCase
from case_shared.d365.odata import any_of, key_equals
from case_shared.d365.reading import EntitySets, Rows
from case_shared.d365.support import SupportIds
from case_shared.process.clock import Clock

# One request asks for a hundred keys at most; a key has one case, or a few if something went wrong.
_MOST_ROWS_BY_KEYS = 1000


@dataclass(frozen=True, slots=True)
class _Question:
    """What a call asks for, and what the answers have shown so far."""

    operation: str
    data_area_id: str | None
    name: str
    key_of: Callable[[D365Case], str | None]
    controls: Sequence[str]
    deadline: float
    found: dict[str, tuple[D365Case, ...]] = field(default_factory=dict)
    proofs: dict[str, AbsenceProof] = field(default_factory=dict)
    support: dict[str, SupportIds] = field(default_factory=dict)
    # Keys whose requests have all been answered.
    answered: set[str] = field(default_factory=set)

    def answer(self) -> LookUpAnswer:
        """What the answers show of the keys for which all is answered."""
        found = {key: cases for key, cases in self.found.items() if key in self.answered}
        proofs = {key: proof for key, proof in self.proofs.items() if key in self.answered}
        return LookUpAnswer(found, proofs, self.support, frozenset(self.answered))


def _case_id(case: D365Case) -> str | None:
    return case.case_id


def _shows(cases: Collection[D365Case], controls: Collection[str]) -> bool:
    """Whether a control is among the cases."""
    return not {case.case_id.casefold() for case in cases}.isdisjoint(control.casefold() for control in controls)


def _web_case_id(case: D365Case) -> str | None:
    return case.web_case_id


class CasesByKey:
    """Reads the case entity set by Web Case ID and by Case ID, one legal entity at a time.

    Every method raises D365Error, with what D365 had answered until then: D365UnusableKey if nothing was asked,
    D365RefusedKeys if D365 accepts the other keys. `timeout` is in seconds, for all requests of a call together.
    """

    def __init__(
        self,
        sets: EntitySets,
        rows: Rows[D365Case] | Rows[StoredCase],
        entity_set: str,
        fields: CaseFields,
        clock: Clock,
        chains: Chains,
    ) -> None:
        self._sets = sets
        self._rows = rows
        self._entity_set = entity_set
        self._fields = fields
        self._clock = clock
        self._chains = chains

    async def find_by_web_case_id(
        self,
        data_area_id: str,
        web_case_ids: Collection[str],
        *,
        control_case_ids: Sequence[str],
        timeout: float,
    ) -> LookUpAnswer:
        """Look up many submissions of one legal entity, with positive controls in the same answers.

        `control_case_ids`: a few Case IDs known to exist (delivered before); empty if none is known yet.
        """
        question = self._question("find cases", data_area_id, timeout, _web_case_id, control_case_ids)
        return await self._find(question, web_case_ids)

    async def find_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], *, control_case_ids: Sequence[str], timeout: float
    ) -> LookUpAnswer:
        """Do what `find_by_web_case_id` does, by Case ID."""
        question = self._question("find cases by Case ID", data_area_id, timeout, _case_id, control_case_ids)
        return await self._find(question, case_ids)

    async def read_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], *, timeout: float
    ) -> tuple[D365Case, ...]:
        """Return the cases of one legal entity that exist under these Case IDs; many per request."""
        return tuple((await self._find(self._question("read cases", data_area_id, timeout, _case_id), case_ids)).cases)

    async def find_anywhere(self, web_case_ids: Collection[str], *, timeout: float) -> tuple[D365Case, ...]:
        """Return the cases with these Web Case IDs, in whichever legal entity they are now; many per request."""
        question = self._question("find cases anywhere", None, timeout, _web_case_id)
        return tuple((await self._find(question, web_case_ids)).cases)

    def _question(
        self,
        operation: str,
        data_area_id: str | None,
        timeout: float,
        key_of: Callable[[D365Case], str | None],
        controls: Sequence[str] = (),
    ) -> _Question:
        # Check that every key can be asked for before asking for any.
        if data_area_id is not None:
            key_equals(self._fields.data_area_id, data_area_id)
        any_of(self._fields.case_id, controls)
        name = self._fields.case_id if key_of is _case_id else self._fields.web_case_id
        return _Question(operation, data_area_id, name, key_of, controls, self._clock.monotonic() + timeout)

    async def _find(self, question: _Question, keys: Collection[str]) -> LookUpAnswer:
        """Each answer counts by itself: only a key asked for beside a control is surely absent."""
        any_of(question.name, keys)

        slowest = 0.0

        async def ask(share: Sequence[str]) -> None:
            nonlocal slowest
            began = self._clock.monotonic()
            if question.deadline - began < slowest:
                # D365 would work on it for nothing.
                why = f"{question.operation}: the time is over after {len(question.answered)} of {len(keys)} keys"
                raise D365Unavailable(why)
            await self._ask_beside_controls(question, share)
            question.answered.update(share)
            slowest = max(slowest, self._clock.monotonic() - began)

        async def control() -> None:
            url = self._sets.url(self._entity_set, top=1, select=self._fields.case_id)
            await self._sets.page(question.operation, url, timeout=question.deadline - self._clock.monotonic())

        try:
            await self._chains.ask(question.name, list(keys), ask, besides=len(question.controls), control=control)
        except D365Error as error:
            error.answered = question.answer()
            raise
        return question.answer()

    async def _ask_beside_controls(self, question: _Question, share: Sequence[str]) -> None:
        """Ask with fewer controls if D365 refuses a single key, or fails at a row: a control may be the reason."""
        attempts = [question.controls]
        if question.controls:
            attempts += [question.controls[:1], ()] if len(share) == 1 else [()]
        for controls in attempts:
            try:
                return await self._ask(question, share, controls)
            except D365Misconfigured as error:
                if not controls or len(share) > 1 or error.status != 400:
                    raise
            except D365TransientError as error:
                if not controls or not fails_at_a_row(error):
                    raise
        return None

    async def _ask(self, question: _Question, share: Sequence[str], controls: Sequence[str]) -> None:
        wanted = any_of(question.name, share)
        if controls:
            wanted = f"({wanted} or {any_of(self._fields.case_id, controls)})"
        cases, pages = await self._read(question, share, wanted)
        by_key = {key.casefold(): key for key in share}
        found: dict[str, tuple[D365Case, ...]] = {}
        for case in cases:
            if key := by_key.get((question.key_of(case) or "").casefold()):
                found[key] = (*found.get(key, ()), case)
        # In place of what was found before: a share is asked for again if D365 refuses a part of it.
        question.found.update(found)
        if not _shows(cases, controls):
            return
        if len(pages) == 1 or await self._has_stayed_alone(question, share, wanted, controls, pages):
            question.proofs.update(dict.fromkeys(share, AbsenceProof.BY_KNOWN_CASE))
        else:
            await self._ask_for_missing(question, share, controls)

    async def _ask_for_missing(self, question: _Question, share: Sequence[str], controls: Sequence[str]) -> None:
        """Ask again for what an answer of several pages lacks, until one page has the whole answer.

        D365 continues a page by the number of its rows: one that disappears meanwhile lets another one slip through.
        """
        missing = [key for key in share if key not in question.found]
        if missing and len(missing) < len(share):
            await self._ask(question, missing, controls)
        elif missing and len(controls) > 1:
            await self._ask(question, missing, controls[:1])

    async def _has_stayed_alone(
        self, question: _Question, share: Sequence[str], wanted: str, controls: Sequence[str], pages: Sequence[int]
    ) -> bool:
        """Whether the answer was one control and empty pages, from a server that links behind its last row.

        Only by disappearing could the control have let another row slip through: the second answer shows it again.
        """
        if len(controls) > 1 or sum(pages) > 1:
            return False
        cases, again = await self._read(question, share, wanted)
        return sum(again) == 1 and _shows(cases, controls)

    async def _read(
        self, question: _Question, share: Sequence[str], wanted: str
    ) -> tuple[Collection[D365Case], Sequence[int]]:
        """Read the cases that the filter of keys matches, in one legal entity or all; and each page's number of rows.

        A case counts once, however often it comes. Raises: D365AnswersTooMuch.
        """
        fields, area, operation = self._fields, question.data_area_id, question.operation
        place = f"{key_equals(fields.data_area_id, area)} and " if area is not None else ""
        url = self._sets.url(
            self._entity_set,
            filter=f"{place}{wanted}",
            orderby=f"{fields.data_area_id},{fields.case_id}",
            top=_MOST_ROWS_BY_KEYS,
            select=self._rows.select,
        )
        left = question.deadline - self._clock.monotonic()
        cases: list[D365Case] = []
        pages: list[int] = []
        async for page in self._sets.pages(operation, url, timeout=left):
            pages.append(len(page.rows))
            if len(cases) + len(page.rows) >= _MOST_ROWS_BY_KEYS:
                why = (
                    f"{operation}: D365 ignores the filter and returned {_MOST_ROWS_BY_KEYS} rows or more for a few "
                    "keys"
                )
                raise D365AnswersTooMuch(why)
            cases += self._rows.read(page.rows)
            question.support.update(dict.fromkeys(share, page.support))
        here = (case for case in cases if area is None or same_key(case.data_area_id, area))
        # Nothing distinguishes cases without a number.
        once = {(case.data_area_id.casefold(), case.case_id.casefold() or id(case)): case for case in here}
        return once.values(), pages

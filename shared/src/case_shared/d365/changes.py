# ruff: noqa: ASYNC109 - D365Client's signatures
"""Reads what changed, page by page in the order of ModifiedKey, past a row that D365 cannot write.

Every page with such a row fails (docs/d365.md#addresses-and-queries), so nothing behind it would ever be read. Pages
are halved until the row is alone. Its key is read, or the row behind it, and the reader goes on from there.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import structlog
from prometheus_client import Counter

from case_shared.d365.chains import fails_at_a_row
from case_shared.d365.errors import D365Error, D365TransientError
from case_shared.d365.keyset import Place
from case_shared.d365.mapping import CaseFields
from case_shared.d365.models import D365Case, ModifiedKey
from case_shared.d365.reading import EntitySets, Page, Rows

log = structlog.get_logger(__name__)
_passed = Counter("casebridge_d365_rows_passed_total", "Rows that the poll passed, because D365 cannot write them")
_KEYS = ("modified_at", "rec_id", "data_area_id", "case_id")
# At most this many such rows may follow each other if D365 cannot even write their keys.
_MOST_BEHIND = 3

# Called with each row that is passed: its keys, or None if D365 cannot even write those.
Passed = Callable[[D365Case | None], Awaitable[None]]


class _Passing(NamedTuple):
    """A row at which D365 fails: its keys if they can be read, and where to go on; None if nothing follows."""

    row: D365Case | None
    place: Place | None


class Changes:
    """The case entity set in the order of its changes."""

    def __init__(self, sets: EntitySets, entity_set: str, fields: CaseFields) -> None:
        self._sets = sets
        self._entity_set = entity_set
        self._fields = fields
        by_ours = fields.by_ours()
        self._rows = Rows(D365Case, entity_set, by_ours)
        self._keys = Rows(D365Case, entity_set, {ours: theirs for ours, theirs in by_ours.items() if ours in _KEYS})

    async def since(
        self, since: ModifiedKey, *, page_size: int, timeout: float, passed: Passed | None
    ) -> AsyncIterator[tuple[D365Case, ...]]:
        """Yield pages of the cases after `since`, of all legal entities; `timeout` in seconds for each request.

        With `passed`, a row that D365 cannot write is passed; an empty page is then one that was given up for a smaller
        one. Raises: D365Error; D365Misconfigured also if the key does not advance.
        """
        # How many of the next rows have one among them at which D365 fails.
        place, suspected = Place.at(since), 0
        while True:
            top = (suspected + 1) // 2 or page_size
            try:
                page = await self._page(place, self._rows, timeout, top=top)
            except D365TransientError as error:
                following = await self._after_failure(place, error, suspected, top, timeout, passed)
                if following is None:
                    return
                place, suspected = following
                yield ()
                continue
            cases = self._rows.read(page.rows)
            if not cases:
                return
            yield cases
            if not page.link and len(cases) < top:
                return
            suspected = max(0, suspected - len(cases))
            place = self._advanced(place, cases[-1], page)

    async def _page(self, place: Place, rows: Rows[D365Case], timeout: float, *, top: int, skip: int = 0) -> Page:
        url = self._sets.url(
            self._entity_set,
            filter=place.filter(self._fields),
            orderby=f"{self._fields.modified_at},{self._fields.rec_id}",
            skip=skip,
            top=top,
            select=rows.select,
        )
        # D365's own next page skips rows by number; a page by key misses none when rows move meanwhile.
        return await self._sets.page("read modified cases", url, timeout=timeout)

    def _advanced(self, place: Place, last: D365Case, page: Page) -> Place:
        return place.advanced_to(last, page.rows[-1].get(self._fields.modified_at))

    async def _after_failure(
        self,
        place: Place,
        error: D365TransientError,
        suspected: int,
        top: int,
        timeout: float,
        passed: Passed | None,
    ) -> tuple[Place, int] | None:
        """Return where to go on, and how many rows are suspected; None at the end.

        Raises: the error, unless D365 may fail at a row, answers otherwise, and the caller wants to pass such a row.
        """
        if passed is None or not fails_at_a_row(error):
            raise error
        if not suspected:
            await self._rule_out_an_outage(error, timeout)
        if top > 1:
            return place, top
        passing = await self._passing(place, error, timeout)
        if not await self._still_fails(place, timeout):
            return place, 1
        _passed.inc()
        keys = passing.row.model_dump(include={"data_area_id", "case_id"}) if passing.row else {}
        log.error("case_not_polled", after=place.written, error=error.why, **keys)
        await passed(passing.row)
        return (passing.place, 0) if passing.place else None

    async def _rule_out_an_outage(self, error: D365TransientError, timeout: float) -> None:
        """Raise `error` if D365 does not even write one field of a row: one that is down is asked twice at most."""
        url = self._sets.url(self._entity_set, top=1, select=self._fields.case_id)
        try:
            await self._sets.page("read modified cases", url, timeout=timeout)
        except D365Error:
            raise error from None

    async def _passing(self, place: Place, error: D365TransientError, timeout: float) -> _Passing:
        """Find out which row it is, or at least which one follows, within `timeout`.

        Raises: D365Error if D365 cannot write those.
        """
        for skip in range(_MOST_BEHIND + 1):
            try:
                page = await self._page(place, self._keys, timeout / (_MOST_BEHIND + 1), top=1, skip=skip)
            except D365TransientError as again:
                if not fails_at_a_row(again):
                    raise
                continue
            if not page.rows:
                return _Passing(None, None)
            [case] = self._keys.read(page.rows[:1])
            found = self._advanced(place, case, page)
            return _Passing(case, found) if skip == 0 else _Passing(None, found.just_before())
        raise error

    async def _still_fails(self, place: Place, timeout: float) -> bool:
        """Whether the next row fails once more: it may have been changed, or moved, meanwhile."""
        try:
            await self._page(place, self._rows, timeout, top=1)
        except D365TransientError as error:
            if not fails_at_a_row(error):
                raise
            return True
        return False

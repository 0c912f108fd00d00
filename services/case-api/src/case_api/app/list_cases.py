"""A page of a dealer's cases, and how many there are."""

from dataclasses import dataclass

from case_api.app.stores import CaseList
from case_api.domain.case import Case
from case_api.domain.list_query import Counts, ListQuery, Place


@dataclass(frozen=True, slots=True)
class Page:
    """Cases, and where the next page begins (None: this is the last); counts where they were asked for."""

    cases: list[Case]
    next: Place | None
    counts: Counts | None = None


async def list_cases(
    store: CaseList, query: ListQuery, after: Place | None, limit: int, *, counted: bool = False
) -> Page:
    """Up to `limit` cases from behind `after`."""
    # One more than asked for tells whether there is a next page.
    listed = await store.page(query, after, limit + 1)
    counts = await store.counts(query) if counted else None
    place = listed[limit - 1].place if len(listed) > limit else None
    return Page([case for case, _ in listed[:limit]], place, counts)

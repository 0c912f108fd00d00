"""A page of a dealer's cases, and how many there are."""

from dataclasses import dataclass

from case_api.app.stores import CaseList
from case_api.domain.case import Case
from case_api.domain.list_query import Counts, ListQuery, Place


@dataclass(frozen=True, slots=True)
class Page:
    """Cases, and where the next page starts (None: this is the last); counts if requested."""

    cases: list[Case]
    next: Place | None
    counts: Counts | None = None


async def list_cases(
    store: CaseList, query: ListQuery, after: Place | None, limit: int, *, counted: bool = False
) -> Page:
    """Return up to `limit` cases after `after`."""
    # One more than requested shows whether a next page exists.
    listed = await store.page(query, after, limit + 1)
    counts = await store.counts(query) if counted else None
    place = listed[limit - 1].place if len(listed) > limit else None
    return Page([case for case, _ in listed[:limit]], place, counts)

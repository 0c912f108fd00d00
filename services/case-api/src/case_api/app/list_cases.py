"""A page of a dealer's cases, newest first."""

from dataclasses import dataclass

from case_api.app.stores import CaseStore, Place
from case_api.domain.case import Case


@dataclass(frozen=True, slots=True)
class Page:
    """Cases, and where the next page begins; None: this is the last."""

    cases: list[Case]
    next: Place | None


async def list_cases(store: CaseStore, dealer: str, after: Place | None, limit: int) -> Page:
    """Up to `limit` cases from behind `after`."""
    # One more than asked for tells whether there is a next page.
    cases = await store.page(dealer, after, limit + 1)
    if len(cases) <= limit:
        return Page(cases, None)
    last = cases[limit - 1]
    return Page(cases[:limit], Place(last.created_at, last.web_case_id))

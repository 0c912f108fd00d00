"""Explain a case: who did what, when, and how long each stage took."""

from case_api.app.get_case import get_case
from case_api.app.stores import CaseStore
from case_api.domain.timeline import Entry, timeline


async def get_timeline(store: CaseStore, dealer: str, web_case_id: str) -> list[Entry]:
    """Return the case's timeline, oldest first. Raises: `CaseNotFound`."""
    case = await get_case(store, dealer, web_case_id)
    return timeline(case, await store.submissions(dealer, web_case_id), await store.statuses(web_case_id))

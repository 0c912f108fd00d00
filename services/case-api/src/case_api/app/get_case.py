"""Find one case of a dealer."""

from case_api.app.stores import CaseStore
from case_api.domain.case import Case
from case_api.domain.errors import CaseNotFound
from case_shared.words.identifiers import is_web_case_id


async def get_case(store: CaseStore, dealer: str, web_case_id: str) -> Case:
    """Return the case. Raises: `CaseNotFound`."""
    case = await store.find(dealer, web_case_id) if is_web_case_id(web_case_id) else None
    if case is None:
        raise CaseNotFound(web_case_id)
    return case

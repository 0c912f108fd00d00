"""Delete a draft for good."""

from collections.abc import Collection

from case_api.app.stores import LOOKS, CaseStore
from case_api.domain.errors import CaseNotFound, OnceSubmitted, WrongVersion
from case_shared.words.errors import Transient
from case_shared.words.identifiers import is_web_case_id


async def delete_case(store: CaseStore, dealer: str, web_case_id: str, versions: Collection[int]) -> None:
    """Delete the draft at one of `versions`. Raises: `CaseNotFound`, `OnceSubmitted`, `WrongVersion`."""
    if not is_web_case_id(web_case_id):
        raise CaseNotFound(web_case_id)
    for _ in range(LOOKS):
        answer = await store.delete(dealer, web_case_id, versions)
        if answer is None:
            raise CaseNotFound(web_case_id)
        if answer.deleted:
            return
        if answer.phase != "draft" or answer.submitted:
            raise OnceSubmitted(web_case_id)
        if answer.version not in versions:
            raise WrongVersion(answer.version, versions)
    raise Transient(f"another request is changing case {web_case_id}")

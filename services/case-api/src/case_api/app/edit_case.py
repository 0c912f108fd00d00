"""Change a draft."""

from collections.abc import Collection, Mapping

from case_api.app.stores import LOOKS, CaseStore
from case_api.domain.case import Case
from case_api.domain.errors import CaseNotFound, NotADraft, WrongVersion
from case_shared.words.errors import Transient
from case_shared.words.identifiers import is_web_case_id


async def edit_case(
    store: CaseStore, dealer: str, web_case_id: str, versions: Collection[int], changes: Mapping[str, str | None]
) -> Case:
    """Set the columns in `changes` and return the case at its next version.

    Raises: `CaseNotFound`, `NotADraft`, `WrongVersion`.
    """
    if not is_web_case_id(web_case_id):
        raise CaseNotFound(web_case_id)
    for _ in range(LOOKS):
        answer = await store.edit(dealer, web_case_id, versions, changes)
        if answer is None:
            raise CaseNotFound(web_case_id)
        changed, case = answer
        if changed:
            return case
        if case.phase != "draft":
            raise NotADraft(web_case_id)
        if case.version not in versions:
            raise WrongVersion(case.version, versions)
    raise Transient(f"another request is changing case {web_case_id}")

"""Change a draft."""

from collections.abc import Collection, Mapping

from case_api.app.stores import CaseStore
from case_api.domain.case import Case
from case_api.domain.errors import CaseNotFound, NotADraft, WrongVersion
from case_shared.identifiers import is_web_case_id


async def edit_case(
    store: CaseStore, dealer: str, web_case_id: str, versions: Collection[int], changes: Mapping[str, str | None]
) -> Case:
    """Set the columns in `changes` and return the case, one version on.

    Raises `CaseNotFound`, `NotADraft` and `WrongVersion`.
    """
    answer = await store.edit(dealer, web_case_id, versions, changes) if is_web_case_id(web_case_id) else None
    if answer is None:
        raise CaseNotFound(web_case_id)
    changed, case = answer
    if changed:
        return case
    if case.phase != "draft":
        raise NotADraft(web_case_id)
    raise WrongVersion(case.version)

"""Add a draft, once per Idempotency-Key."""

from collections.abc import Callable

from case_api.app.stores import Added, CaseStore, Key, Saved, WebCaseIdTaken
from case_api.domain.case import Content
from case_api.domain.dealers import Dealer
from case_api.domain.errors import DraftDeleted, KeyReused
from case_shared.words.actor import Actor
from case_shared.words.identifiers import new_web_case_id


async def create_case(
    store: CaseStore,
    dealer: Dealer,
    content: Content,
    created_by: Actor,
    key: Key | None,
    draw: Callable[[], str] = new_web_case_id,
) -> Saved:
    """Add a draft and return it; for a known `key`, return the case as it was added then.

    Raises: `KeyReused`, `KeyInUse`, `DraftDeleted`.
    """
    while True:
        try:
            added = await store.add(draw(), dealer, content, created_by, key)
        except WebCaseIdTaken:
            continue
        return saved(added, key)


def saved(added: Added, key: Key | None) -> Saved:
    """Return what `key` has added, now or before. Raises: `KeyReused` if that was another request, `DraftDeleted`."""
    if added.deleted and key is not None and added.request_hash == key.request_hash:
        raise DraftDeleted("the draft that this Idempotency-Key created was deleted")
    if added.case is None or (key is not None and added.request_hash != key.request_hash):
        raise KeyReused("this Idempotency-Key was used for another request")
    return Saved(added.case, replayed=not added.created)

"""Make a new draft with the content of a case."""

from case_api.app.create_case import create_case, saved
from case_api.app.get_case import get_case
from case_api.app.stores import CaseStore, Key, Saved
from case_api.domain.dealers import Dealer
from case_shared.words.actor import Actor


async def copy_case(store: CaseStore, dealer: Dealer, web_case_id: str, created_by: Actor, key: Key | None) -> Saved:
    """Add the copy and return it. Raises: `CaseNotFound`, `KeyReused`, `KeyInUse`."""
    # A repeated request gets its answer even if the copied case is gone.
    if key is not None and (added := await store.recall(dealer.dealer, key)):
        return saved(added, key)
    source = await get_case(store, dealer.dealer, web_case_id)
    return await create_case(store, dealer, source.content, created_by, key)

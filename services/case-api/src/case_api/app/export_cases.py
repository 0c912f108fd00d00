"""All cases of a list, chunk by chunk: each is a statement of its own, so no transaction waits for a slow reader."""

from collections.abc import AsyncIterator

from case_api.app.list_cases import list_cases
from case_api.app.stores import CaseList
from case_api.domain.case import Case
from case_api.domain.list_query import ListQuery

# A sort that no index brings is done anew for each chunk: fewer, then, though they take more memory (10 MB).
_CHUNK, _SORTED_CHUNK = 1_000, 10_000


async def export_cases(store: CaseList, query: ListQuery) -> AsyncIterator[list[Case]]:
    """The cases of `query`, each chunk as it is when it is read: one that moves may be missed or come twice."""
    chunk, place = _CHUNK if store.has_index(query.sort) else _SORTED_CHUNK, None
    while True:
        page = await list_cases(store, query, place, chunk)
        yield page.cases
        place = page.next
        if place is None:
            return

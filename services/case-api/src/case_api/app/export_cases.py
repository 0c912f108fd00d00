"""All cases of a list, chunk by chunk; each is its own statement, so no transaction waits for a slow reader."""

from collections.abc import AsyncIterator

from case_api.app.list_cases import list_cases
from case_api.app.stores import CaseList
from case_api.domain.case import Case
from case_api.domain.list_query import Column, ListQuery

# Any other sort reads all of the dealer's cases for each chunk: so make fewer chunks, at more memory (10 MB).
_CHUNK, _SORTED_CHUNK = 1_000, 10_000


async def export_cases(store: CaseList, query: ListQuery) -> AsyncIterator[list[Case]]:
    """Yield the cases of `query`, each chunk as it is when read: a case that moves may be missed or come twice."""
    chunk, place = _CHUNK if query.sort.column is Column.CREATED_AT else _SORTED_CHUNK, None
    while True:
        page = await list_cases(store, query, place, chunk)
        yield page.cases
        place = page.next
        if place is None:
            return

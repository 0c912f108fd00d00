"""Lists are read whole, and an empty one is not believed.

A role that hides an entity from us makes D365 answer just that, with 200.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import TypeVar

import structlog
from prometheus_client import Counter

RowT = TypeVar("RowT")
log = structlog.get_logger(__name__)
_empty = Counter(
    "casebridge_d365_empty_lists_total", "Empty lists that D365 answered with; the last one stays", ["list"]
)


def believable(name: str, found: Sequence[object]) -> bool:
    """Whether `found` may replace the list `name`; counted and logged where it may not."""
    if not found:
        _empty.labels(name).inc()
        log.info(
            "empty_list_not_believed", list=name, advice="check the integration user's roles and the mapping's filter"
        )
    return bool(found)


async def whole(pages: AsyncIterator[tuple[RowT, ...]], progressed: Callable[[], None]) -> list[RowT]:
    """Every row of `pages`; `progressed` is called after each page. Raises what reading them raises."""
    rows: list[RowT] = []
    async for page in pages:
        rows += page
        progressed()
    return rows

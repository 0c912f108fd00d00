"""An empty list is not believed: a role that hides an entity from us makes D365 answer just that, with 200."""

from collections.abc import Sequence

import structlog
from prometheus_client import Counter

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

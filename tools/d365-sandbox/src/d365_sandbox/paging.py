"""Pages of a list: how many records come at once, and the address of the next page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from d365_sandbox.odata_query import Query

PREFERRED_SIZE = re.compile(r"(?:^|,)\s*(?:odata\.)?maxpagesize\s*=\s*\"?(\d{1,9})\"?\s*(?=,|;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageSize:
    """How many records a page holds at most, and whether the client has asked for that by `Prefer`."""

    limit: int
    is_preferred: bool


def page_size(headers: Mapping[str, str], largest: int) -> PageSize:
    """The size of a page, from `Prefer: odata.maxpagesize` where it is given and not greater than D365's own."""
    wanted = PREFERRED_SIZE.search(headers.get("Prefer", ""))
    if wanted is None or int(wanted[1]) == 0:
        return PageSize(largest, is_preferred=False)
    return PageSize(min(int(wanted[1]), largest), is_preferred=True)


def next_link(address: str, query: Query, size: int) -> str:
    """The next page by offset, as observed: `$skip` and `$top` at the end.

    So it is no snapshot, and whoever follows it must send `Prefer` again: the server remembers nothing.
    """
    options = {name: value for name, value in query.options.items() if name not in ("$skip", "$top")}
    options["$skip"] = str(query.skip + size)
    options["$top"] = str(query.top - size if query.top is not None and query.top > size else size)
    return f"{address}?{urlencode(options, safe='$,', quote_via=quote)}"

"""Pages of a list: how many records they have, and the address of the next one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from d365_sandbox.odata_query import Query

PREFERRED_SIZE = re.compile(r"(?:^|,)\s*(?:odata\.)?maxpagesize\s*=\s*\"?(\d{1,9})\"?\s*(?=,|;|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageSize:
    """The most records on a page, and whether the client asked for that with `Prefer`."""

    limit: int
    is_preferred: bool


def page_size(headers: Mapping[str, str], largest: int) -> PageSize:
    """The size of a page: `Prefer: odata.maxpagesize` if given, but at most D365's own."""
    wanted = PREFERRED_SIZE.search(headers.get("Prefer", ""))
    if wanted is None or int(wanted[1]) == 0:
        return PageSize(largest, is_preferred=False)
    return PageSize(min(int(wanted[1]), largest), is_preferred=True)


def next_link(address: str, query: Query, size: int) -> str:
    """The next page by offset, as observed: `$skip` and `$top` at the end.

    So pages are not a snapshot, and the client must send `Prefer` again: the server remembers nothing.
    """
    options = {name: value for name, value in query.options.items() if name not in ("$skip", "$top")}
    options["$skip"] = str(query.skip + size)
    options["$top"] = str(query.top - size if query.top is not None and query.top > size else size)
    return f"{address}?{urlencode(options, safe='$,', quote_via=quote)}"

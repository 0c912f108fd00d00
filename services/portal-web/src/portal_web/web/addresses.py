"""Check addresses from outside: a browser is only ever sent back to a page of ours."""

import re
from urllib.parse import unquote

# Browsers drop tabs and line ends, and read a backslash as a slash: `/\t/evil.example` is another site.
_OURS = re.compile(r"/(?![/\\])[^\x00-\x20\x7f-\x9f\\\u2028\u2029]*")
_LONGEST = 2000
_MOST_TIMES_ENCODED = 3


def local_path(address: str | None) -> str:
    """An address on this site, path and query, to go back to; `/` for anything else, however it is encoded."""
    if not address or len(address) > _LONGEST or not _ours(address):
        return "/"
    path = address.partition("?")[0].partition("#")[0]
    for _ in range(_MOST_TIMES_ENCODED):
        decoded = unquote(path)
        if decoded == path:
            return address
        if not _ours(decoded.replace(" ", "_")):
            return "/"
        path = decoded
    return "/"


def _ours(address: str) -> bool:
    path = address.partition("?")[0]
    try:
        address.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return _OURS.fullmatch(address) is not None and "//" not in path

"""The words of OData: literals, filters, addresses, and what an answer says."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from multidict import CIMultiDictProxy

# D365's documents name no limit; http.sys takes 16 kB of address by default, gateways in front of it often 8 kB.
MAX_FILTER_CHARACTERS = 6000
# A longer pause than this would only be a stuck queue; D365 says it again if it is still busy.
MAX_RETRY_AFTER_SECONDS = 600.0


def string_literal(value: str) -> str:
    """An OData string: quotes doubled."""
    return "'" + value.replace("'", "''") + "'"


def datetime_literal(moment: datetime) -> str:
    """An OData DateTimeOffset in UTC, with a fraction only where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def any_of(field: str, values: Sequence[str]) -> Iterator[str]:
    """`(field eq 'a' or field eq 'b' …)`, as few of them as the length of an address allows (D365 has no `in`)."""
    terms: list[str] = []
    length = 0
    for value in values:
        term = f"{field} eq {string_literal(value)}"
        size = len(quote(term)) + len("%20or%20")
        if terms and length + size > MAX_FILTER_CHARACTERS:
            yield f"({' or '.join(terms)})"
            terms, length = [], 0
        terms.append(term)
        length += size
    if terms:
        yield f"({' or '.join(terms)})"


def retry_after_seconds(headers: CIMultiDictProxy[str]) -> float | None:
    """`Retry-After` in seconds (a number or a date, RFC 9110), bounded; None where it is absent or unreadable.

    A date counts from the answer's own `Date`: our clock and D365's need not agree.
    """
    value = headers.get("Retry-After", "").strip()
    seconds = float(value) if value.isascii() and value.isdigit() else _seconds_between(headers.get("Date"), value)
    return None if seconds is None else min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _seconds_between(earlier: str | None, later: str) -> float | None:
    try:
        return (parsedate_to_datetime(later) - parsedate_to_datetime(earlier or "")).total_seconds()
    except (ValueError, TypeError):
        return None

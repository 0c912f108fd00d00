"""The language of OData: literals, filters, addresses, and what an answer says."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import structlog

from case_shared.d365.errors import D365UnusableKey
from case_shared.d365.keys import key_problem

log = structlog.get_logger(__name__)
# D365 documents no limit; http.sys takes an address of 16 kB by default, gateways in front of it often 8 kB.
MAX_FILTER_CHARACTERS = 6000
# A longer pause would only stop the queue; D365 asks again if it is still busy.
MAX_RETRY_AFTER_SECONDS = 600.0


def string_literal(value: str) -> str:
    """Return an OData string, with its quotes doubled."""
    return "'" + value.replace("'", "''") + "'"


def key_equals(field: str, value: str) -> str:
    """Return `field eq 'value'` for a key. Raises: D365UnusableKey if D365 would match more than that one key."""
    if problem := key_problem(value):
        raise D365UnusableKey(f"{field} cannot be queried: {problem}")
    return f"{field} eq {string_literal(value)}"


def datetime_literal(moment: datetime) -> str:
    """Return an OData DateTimeOffset in UTC, with a fraction only if `moment` has one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def contains(fields: Iterable[str], text: str) -> str:
    """Return `(field eq '*text*' or …)`, F&O's "contains". `text` has no asterisk: nothing can escape one."""
    literal = string_literal(f"*{text}*")
    return f"({' or '.join(f'{field} eq {literal}' for field in fields)})"


def any_of(field: str, values: Iterable[str]) -> str:
    """Return `(field eq 'a' or field eq 'b' …)`: D365 has no `in`. Raises: D365UnusableKey."""
    return f"({' or '.join(key_equals(field, value) for value in values)})"


def fitting(field: str, values: Sequence[str]) -> Sequence[str]:
    """Return the first of `values` that fit into one address as a chain of `or`; at least one."""
    room = MAX_FILTER_CHARACTERS
    for number, value in enumerate(values):
        room -= len(quote(f"{field} eq {string_literal(value)} or "))
        if room < 0:
            return values[: max(number, 1)]
    return values


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return `Retry-After` in seconds (a number or a date, RFC 9110), bounded; None if absent or unreadable.

    A date counts from the answer's own `Date`: our clock and D365's need not agree. The caller waits at least this
    long: 0, or a date in the past, does not replace its own back-off.
    """
    value = headers.get("Retry-After", "").strip()
    seconds = float(value) if value.isascii() and value.isdigit() else _seconds_between(headers.get("Date"), value)
    if seconds is None:
        return None
    if seconds > MAX_RETRY_AFTER_SECONDS:
        log.warning("retry_after_cut", asked=value[:40], seconds=MAX_RETRY_AFTER_SECONDS)
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def _seconds_between(earlier: str | None, later: str) -> float | None:
    try:
        return (parsedate_to_datetime(later) - parsedate_to_datetime(earlier or "")).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None

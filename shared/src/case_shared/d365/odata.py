"""The words of OData: literals, filters, addresses, and what an answer says."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import quote

from multidict import CIMultiDictProxy

# D365's documents name no limit; http.sys takes 16 kB of address by default, gateways in front of it often 8 kB.
MAX_FILTER_CHARACTERS = 6000
# OData services bound the size of a filter's tree too; D365's bound is published nowhere.
MAX_FILTER_TERMS = 100
# A longer pause than this would only be a stuck queue; D365 says it again if it is still busy.
MAX_RETRY_AFTER_SECONDS = 600.0


def string_literal(value: str) -> str:
    """An OData string: quotes doubled."""
    return "'" + value.replace("'", "''") + "'"


def datetime_literal(moment: datetime) -> str:
    """An OData DateTimeOffset in UTC, with a fraction only where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def contains(fields: Iterable[str], text: str) -> list[str]:
    """`(field eq '*text*' or …)`: F&O's way to say "contains". No filter for no text.

    An asterisk cannot be escaped, so one in `text` stands for anything; a field without a name is left out.
    """
    if not (wanted := text.strip().strip("*")):
        return []
    literal = string_literal(f"*{wanted}*")
    return [f"({' or '.join(f'{field} eq {literal}' for field in fields if field)})"]


class AnyOf(NamedTuple):
    """One request's share of values, and the filter that asks for any of them."""

    filter: str
    values: tuple[str, ...]


def any_of(field: str, values: Iterable[str]) -> Iterator[AnyOf]:
    """`(field eq 'a' or field eq 'b' …)`: D365 has no `in`. As few filters as the bounds allow, each value once."""
    terms: dict[str, str] = {}
    length = 0
    for value in dict.fromkeys(values):
        term = f"{field} eq {string_literal(value)}"
        size = len(quote(f"{term} or "))
        if terms and (length + size > MAX_FILTER_CHARACTERS or len(terms) == MAX_FILTER_TERMS):
            yield _any_of(terms)
            terms, length = {}, 0
        terms[value] = term
        length += size
    if terms:
        yield _any_of(terms)


def _any_of(terms: dict[str, str]) -> AnyOf:
    return AnyOf(f"({' or '.join(terms.values())})", tuple(terms))


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

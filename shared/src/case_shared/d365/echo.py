"""Compares what D365 stored with what was sent: no shortened or changed text goes unreported."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from case_shared.d365.matching import same_key, same_text

# D365 may write these as its set-up does: case and surrounding blanks do not count.
_KEYS = frozenset({"category", "category_type", "priority"})
# If these differ it is another case, not a changed text.
_IDS = frozenset({"data_area_id", "customer_account", "web_case_id", "submission_id"})


class Difference(NamedTuple):
    """A field, by our name, that D365 stored differently."""

    field: str
    sent: str
    stored: str


def differences(
    fields: Iterable[tuple[str, str]], sent: Mapping[str, Any], stored: Mapping[str, Any]
) -> tuple[Difference, ...] | None:
    """Return what differs; `fields` pairs our names with D365's, and `sent` and `stored` are keyed by D365's.

    None if `stored` has none of the fields: then nothing is known. A field that was not sent may have got a default.
    """
    compared = [
        (ours, sent[theirs], stored[theirs])
        for ours, theirs in fields
        if ours not in _IDS and sent.get(theirs) and theirs in stored
    ]
    if not compared:
        return None
    return tuple(
        Difference(ours, given, kept)
        for ours, given, kept in ((ours, str(given), _text(kept)) for ours, given, kept in compared)
        if not _same(ours)(kept, given)
    )


def _same(field: str) -> Callable[[str | None, str], bool]:
    return same_key if field in _KEYS else same_text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""

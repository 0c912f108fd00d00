"""What D365 stored, held against what was sent: a text that it shortened or changed is reported, never silent."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from case_shared.d365.matching import same_key, same_text

# D365 may write these as its set-up does: case and blanks around do not count.
_KEYS = frozenset({"category", "category_type", "priority"})
# Where these differ it is another case, which is no matter of texts.
_IDS = frozenset({"data_area_id", "customer_account", "web_case_id", "submission_id"})


class Difference(NamedTuple):
    """A field, by our name, that D365 has other than it was sent."""

    field: str
    sent: str
    stored: str


def differences(
    fields: Iterable[tuple[str, str]], sent: Mapping[str, Any], stored: Mapping[str, Any]
) -> tuple[Difference, ...] | None:
    """What differs; `fields` are our names and D365's, by which `sent` and `stored` have their values.

    None where `stored` has none of the fields: then nothing is known. What was not sent may have got a default.
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

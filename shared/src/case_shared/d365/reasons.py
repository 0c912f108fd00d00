"""What D365 says went wrong: its full text for operators, a cleaned reason for dealers. For people only: D365
translates its texts, and no decision rests on them.
"""

import re
from collections.abc import Mapping
from typing import Any

from case_shared.d365.texts import readable
from case_shared.d365.wire import Answer

_WRAPPER = re.compile(r"^Write failed for table row of type '[^']*'\.\s*(Infolog:\s*)?")
_LEVEL = re.compile(r"^(Infolog|Info|Warning|Error):\s*", re.IGNORECASE)
_NOISE = re.compile(r"^validate\w+ failed on data source\b", re.IGNORECASE)
_MAX_REASON = 1000
_MAX_PLAIN = 500
# How services below or before OData name what they say; the most useful one first.
_OTHER_MESSAGES = ("ExceptionMessage", "Message", "message")


def inner_message(document: Mapping[str, Any] | None) -> str | None:
    """Return `error.innererror.message`: it shows that D365's own business logic answered."""
    return _text(_part(_part(document, "error"), "innererror"), "message")


def full_text(document: Mapping[str, Any] | None) -> str | None:
    """Return what an OData error says, its most useful part; None if the document is not an OData error."""
    return inner_message(document) or _text(_part(document, "error"), "message")


def other_text(answer: Answer) -> str | None:
    """Return what an answer without an OData error says: a message in its JSON, or its text; None for a web page."""
    if answer.is_html:
        return None
    if answer.document is not None:
        # Any other part of it may be the dealer's own words, sent back.
        return next(filter(None, (_text(answer.document, name) for name in _OTHER_MESSAGES)), None)
    return " ".join(readable(answer.body.decode(errors="replace")).split())[:_MAX_PLAIN] or None


def reason_for_dealers(text: str) -> str:
    """Strip wrapper, levels and `validateWrite failed` from D365's text, and join what is left of its Infolog."""
    parts = (_LEVEL.sub("", part.strip()) for part in _WRAPPER.sub("", text.strip()).split(";"))
    useful = [part for part in parts if part and not _NOISE.match(part)]
    return ("; ".join(useful) or text.strip())[:_MAX_REASON]


def _part(document: Mapping[str, Any] | None, key: str) -> Mapping[str, Any] | None:
    value = document.get(key) if document else None
    return value if isinstance(value, dict) else None


def _text(document: Mapping[str, Any] | None, key: str) -> str | None:
    value = document.get(key) if document else None
    return readable(value).strip() or None if isinstance(value, str) else None

"""Keys that D365 may be asked for: one rule for every place where a key comes in.

D365's `eq` reads an asterisk as "any characters", and nothing escapes it: `CaseId eq '*'` matches every row (Learn,
"OData"). So no filter ever contains a key with an asterisk.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from case_shared.words.events import MAX_KEY_CHARACTERS

_CONTROL = "\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029"
# U+FFFD replaces a character of D365 that cannot be read: nobody knows what the key really is.
_UNUSABLE = re.compile(f"[{_CONTROL}\\ud800-\\udfff\\ufffd]")
# The same rule for the OpenAPI document; JSON cannot carry half of a surrogate pair.
KEY_PATTERN = rf"^[^*{_CONTROL}]*$"


def key_problem(text: str) -> str | None:
    """Return why `text` cannot be asked for as a key of D365, or None if it can."""
    if not text:
        return "it is empty"
    if len(text) > MAX_KEY_CHARACTERS:
        return f"it has {len(text)} characters, but at most {MAX_KEY_CHARACTERS} are possible"
    if "*" in text:
        return "it contains an asterisk (*), which D365 reads as a wildcard; write the complete key"
    if _UNUSABLE.search(text):
        return "it contains a control character"
    return None


def is_key(text: str) -> bool:
    """Whether `text` can be asked for as a key of D365."""
    return key_problem(text) is None


def _checked(text: str) -> str:
    trimmed = text.strip()
    if problem := key_problem(trimmed):
        # Not a ValueError: pydantic would put "Value error" before its message.
        raise PydanticCustomError("d365_key", "{problem}", {"problem": problem})
    return trimmed


def _checked_search(text: str) -> str:
    """Check a text to search for in parts of keys and words; an empty one finds everything."""
    return _checked(text) if text.strip() else ""


D365Key = Annotated[
    str,
    AfterValidator(_checked),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARACTERS, "pattern": KEY_PATTERN}),
]
D365SearchText = Annotated[
    str,
    AfterValidator(_checked_search),
    WithJsonSchema({"type": "string", "maxLength": MAX_KEY_CHARACTERS, "pattern": KEY_PATTERN}),
]

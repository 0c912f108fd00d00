"""Text from D365 is data: whatever one field contains harms that field alone.

D365 keeps texts as UTF-16 and cuts them by its units, so half of a surrogate pair may be left; its JSON then has an
escape such as `\\ud83d` alone, which strict parsers refuse (seen in public: langfuse#15916). NUL is a character to
D365, and PostgreSQL takes none. Both become U+FFFD before anything else looks at them.
"""

import json
import re
from typing import Any

import orjson

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
# How a JSON document writes a NUL; without it, a document that the strict parser takes needs no second look.
_ESCAPED_NUL = b"\\u0000"


def readable(text: str) -> str:
    """Return `text` with U+FFFD in place of each character that cannot be stored or sent."""
    return _UNUSABLE.sub(REPLACEMENT, text)


def utf16_length(text: str) -> int:
    """Return a text's length as D365 counts: in UTF-16 units, two for a character beyond the basic plane."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def parse_json(content: bytes) -> Any:
    """Parse a JSON document of D365, with readable texts; invalid UTF-8 becomes U+FFFD, too. Raises: ValueError."""
    try:
        document = orjson.loads(content)
        return _readable(document) if _ESCAPED_NUL in content else document
    except orjson.JSONDecodeError:
        pass
    try:
        text = content.decode("utf-8-sig", errors="replace")
        return _readable(json.loads(text, strict=False, parse_constant=_refuse))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _readable(value: Any) -> Any:
    match value:
        case str():
            return readable(value)
        case list():
            return [_readable(one) for one in value]
        case dict():
            return {readable(name): _readable(one) for name, one in value.items()}
        case _:
            return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not valid JSON")

"""Text as searches compare it: what people cannot see or cannot distinguish makes no difference.

The database does the same to what it keeps (function `folded` of migration 0011); a test keeps the two in step.
"""

import unicodedata

# Invisible: a combining dot (Turkish capital I has one), soft hyphen, joiners, marks of direction, selectors.
_RANGES = (range(0x200B, 0x2010), range(0x202A, 0x202F), range(0x2066, 0x2070), range(0xFE00, 0xFE10))
INVISIBLE = "\u0307\u00ad\u034f\u061c\u180e\u2060\u2061\u2062\u2063\u2064\ufeff" + "".join(
    chr(code) for codes in _RANGES for code in codes
)
# Looks alike: each character of the first is read as the one at its position in the second.
_ALIKE = (
    "\u0131\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u02d7\u2043"
    "\u2018\u2019\u201a\u201b\u02bc\u201c\u201d\u201e\u201f\u00ab\u00bb"
)
_AS = "i---------'''''" + '"' * 6
FROM, TO = _ALIKE + INVISIBLE, _AS
_TABLE = str.maketrans(dict(zip(FROM, [*TO, *[""] * len(INVISIBLE)], strict=True)))
_MOST_WORDS = 10


def folded(text: str) -> str:
    """Return `text` as NFKC, case-folded, without invisible characters, with dashes and quotes unified."""
    return unicodedata.normalize("NFKC", text).casefold().translate(_TABLE)


def read_kindly(typed: str) -> str:
    """Return what was typed or pasted: folded, single spaces, without punctuation around it; may be empty."""
    return _trimmed(" ".join(folded(typed).split()))


def words_of(typed: str) -> tuple[str, ...]:
    """Return the words of what was typed, each without punctuation around it; ten at most."""
    words = [_trimmed(word) for word in folded(typed).split()]
    return tuple(dict.fromkeys(word for word in words if word))[:_MOST_WORDS]


def _trimmed(text: str) -> str:
    begin, end = 0, len(text)
    while begin < end and _is_mark(text[begin]):
        begin += 1
    while end > begin and _is_mark(text[end - 1]):
        end -= 1
    return text[begin:end]


def _is_mark(character: str) -> bool:
    """Whether it is punctuation, a symbol, a blank or a control character."""
    return unicodedata.category(character)[0] in "PSZC"

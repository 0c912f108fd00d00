"""The Web Case ID: `W`, eight characters of Crockford base32, and a check character."""

import hashlib
import re
import secrets
from operator import mul

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 8
CHECK_PREFIX = "CHECK"
# Crockford's specification: a character that people confuse with another is read as that one.
_CONFUSED = str.maketrans("OIL", "011")
_PART = re.compile(rf"[{_ALPHABET}]{{1,{_LENGTH + 2}}}")
WEB_CASE_ID_PATTERN = rf"^W[{_ALPHABET}]{{{_LENGTH + 1}}}$"
_WEB_CASE_ID = re.compile(WEB_CASE_ID_PATTERN)
# Odd weights are invertible mod 32: they find every single wrong character, and most swaps.
_WEIGHTS = range(1, 2 * _LENGTH, 2)
_VALUES = bytes.maketrans(_ALPHABET.encode(), bytes(range(len(_ALPHABET))))


def _check_character(body: str) -> str:
    total = sum(map(mul, _WEIGHTS, body.encode().translate(_VALUES)))
    return _ALPHABET[total % len(_ALPHABET)]


def _with_check(number: int) -> str:
    body = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))
    return f"W{body}{_check_character(body)}"


def new_marked_id() -> str:
    """Draw what the check of D365 uses instead of a Web Case ID: as long as one, but never valid."""
    return CHECK_PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH + 2 - len(CHECK_PREFIX)))


def is_of_a_check(web_case_id: str) -> bool:
    """Whether a check of D365 created the case: it is no dealer's, neither here nor in another installation."""
    return web_case_id.upper().startswith(CHECK_PREFIX)


def new_web_case_id() -> str:
    """Draw a Web Case ID at random (40 bits); the caller draws again if it clashes."""
    return _with_check(secrets.randbits(5 * _LENGTH))


def derived_web_case_id(data_area_id: str, case_id: str, attempt: int = 0) -> str:
    """Return the Web Case ID of a case born in D365: always the same for one (dataAreaId, CaseId).

    `attempt` draws again if the ID clashes with another case's.
    """
    digest = hashlib.sha256(f"{data_area_id.lower()}\x1f{case_id}\x1f{attempt}".encode()).digest()
    return _with_check(int.from_bytes(digest[:5], "big"))


def part_of_web_case_id(typed: str) -> str | None:
    """Return the part of a Web Case ID that `typed` is, with 0 for O, and 1 for I and L; None if it can be none."""
    part = typed.upper().translate(_CONFUSED)
    return part if _PART.fullmatch(part) else None


def is_web_case_id(text: str) -> bool:
    """Whether `text` is a Web Case ID with a correct check character."""
    return _WEB_CASE_ID.fullmatch(text) is not None and text[-1] == _check_character(text[1:-1])

"""The list's cursor: opaque, and good only for the list that it came from."""

import base64
import binascii
import hashlib
from datetime import UTC, datetime, timedelta

from case_api.app.stores import Place
from case_api.web.problems import wrong_parameter
from case_shared.identifiers import is_web_case_id

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def encode(place: Place, dealer: str) -> str:
    """The cursor that continues `dealer`'s list behind `place`."""
    text = f"{(place.created_at - _EPOCH) // _MICROSECOND}.{place.web_case_id}"
    return base64.urlsafe_b64encode(f"{text}.{_binding(dealer, text)}".encode()).decode().rstrip("=")


def decode(cursor: str | None, dealer: str) -> Place | None:
    """The place where `cursor` goes on; raises 422 where it is no cursor of this list."""
    if cursor is None:
        return None
    place = _parse(cursor, dealer)
    if place is None:
        raise wrong_parameter("?cursor", "Take `next` of the page before, of the same list, or leave it out.")
    return place


def _parse(cursor: str, dealer: str) -> Place | None:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text, _, binding = base64.b64decode(padded, altchars=b"-_", validate=True).decode().rpartition(".")
        microseconds, web_case_id = text.split(".")
        place = Place(_EPOCH + int(microseconds) * _MICROSECOND, web_case_id)
    except (binascii.Error, ValueError, OverflowError):
        return None
    return place if binding == _binding(dealer, text) and is_web_case_id(web_case_id) else None


def _binding(dealer: str, text: str) -> str:
    # No secret: a cursor gives no access. It keeps one list's cursor from being used on another by mistake.
    return hashlib.blake2b(f"{dealer}\n-created_at\n{text}".encode(), digest_size=6).hexdigest()

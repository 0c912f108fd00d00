"""The list's cursor: opaque, and valid only for the list that it came from."""

import hashlib
from dataclasses import fields
from datetime import UTC, datetime, timedelta

import orjson

from case_api.domain.list_query import Collation, Column, ListQuery, Place
from case_shared.web.cursors import Cursors, wrong_cursor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIMES = frozenset({Column.CREATED_AT, Column.UPDATED_AT, Column.SUBMITTED_AT})
_NULLABLE = frozenset(
    {Column.CASE_ID, Column.CATEGORY, Column.PRIORITY, Column.DESCRIPTION, Column.CREATED_BY, Column.SUBMITTED_AT}
)
_LIST = "cases"
_FOREIGN = (
    "This cursor belongs to another list. Send the same dealer, sort, q, text, filters and Accept-Language as for the "
    "previous page, or leave the cursor out."
)


def encode(cursors: Cursors, place: Place, query: ListQuery) -> str:
    """Return the cursor that continues `query`'s list after `place`."""
    value = _microseconds(place.value) if isinstance(place.value, datetime) else place.value
    return cursors.encode(
        _LIST, str(query.sort), _hash(query), value, _microseconds(place.created_at), place.web_case_id
    )


def decode(cursors: Cursors, cursor: str | None, query: ListQuery) -> Place | None:
    """Return the place where `cursor` continues; raises 422 if it is not a cursor, or from another list."""
    parts = cursors.decode(cursor, _LIST)
    if parts is None:
        return None
    try:
        sort, filters, value, created_at, web_case_id = parts
        if (sort, filters) != (str(query.sort), _hash(query)):
            raise wrong_cursor(_FOREIGN)
        return Place(_value(value, query.sort.column), _time(created_at), _text(web_case_id))
    except (ValueError, TypeError, OverflowError):  # from another release
        raise wrong_cursor() from None


def _value(value: object, column: Column) -> str | int | datetime | None:
    if value is None and column in _NULLABLE:
        return None
    if column in _TIMES:
        return _time(value)
    if column is Column.STATUS and isinstance(value, int):
        return value
    return _text(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _time(value: object) -> datetime:
    if not isinstance(value, int):
        raise TypeError
    return _EPOCH + value * _MICROSECOND


def _microseconds(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND


def _hash(query: ListQuery) -> str:
    filters = {one.name: getattr(query.filters, one.name) for one in fields(query.filters)}
    # Filters that are not set do not count, so that a cursor survives a release that adds one.
    wanted = {name: value for name, value in filters.items() if value not in (None, ())}
    if (mine := query.filters.mine) is not None:
        wanted["mine"] = [mine.issuer, mine.subject]  # a name may change from one page to the next
    order = [] if query.sort.collation is Collation.ROOT else [query.sort.collation]
    return _digest(orjson.dumps([query.dealer, wanted, *order]))


def _digest(content: bytes) -> str:
    # Prevents the cursor of one list from being used on another by mistake.
    return hashlib.blake2b(content, digest_size=6).hexdigest()

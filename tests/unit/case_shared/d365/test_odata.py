from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from case_shared.d365.odata import (
    MAX_FILTER_CHARACTERS,
    MAX_FILTER_TERMS,
    any_of,
    contains,
    datetime_literal,
    retry_after_seconds,
    string_literal,
)

DATE = "Mon, 23 Nov 2026 10:00:00 GMT"


def test_quotes_are_doubled() -> None:
    assert string_literal("O'Neil's") == "'O''Neil''s'"


def test_datetimes_are_utc() -> None:
    eleven = datetime(2026, 11, 23, 11, tzinfo=timezone(timedelta(hours=1)))
    assert datetime_literal(eleven) == "2026-11-23T10:00:00Z"
    assert datetime_literal(datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)) == "2026-01-02T03:04:05.600000Z"


@given(st.lists(st.text(max_size=300), max_size=250))
def test_every_value_is_asked_for_once_within_the_bounds(values: list[str]) -> None:
    shares = list(any_of("WebCaseId", values))

    assert [value for share in shares for value in share.values] == list(dict.fromkeys(values))
    for share in shares:
        assert len(share.values) <= MAX_FILTER_TERMS
        assert len(share.values) == 1 or len(quote(share.filter)) <= MAX_FILTER_CHARACTERS + 10


def test_a_filter_of_two() -> None:
    assert next(any_of("F", ["a", "b"])).filter == "(F eq 'a' or F eq 'b')"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "99999999"}, 600),
        ({"Retry-After": "Mon, 23 Nov 2026 10:01:30 GMT", "Date": DATE}, 90),
        ({"Retry-After": "Mon, 23 Nov 2026 09:00:00 GMT", "Date": DATE}, 0),
        ({"Retry-After": "Mon, 23 Nov 2026 10:01:30 GMT"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon", "Date": DATE}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(CIMultiDictProxy(CIMultiDict(headers))) == seconds


def test_contains_asks_in_each_field_that_has_a_name() -> None:
    assert contains(("CaseId", "", "Description"), " O'Brien* ") == [
        "(CaseId eq '*O''Brien*' or Description eq '*O''Brien*')"
    ]
    assert contains(("CaseId",), " ** ") == []

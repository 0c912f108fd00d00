from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from case_shared.d365.errors import D365UnusableKey
from case_shared.d365.odata import (
    MAX_FILTER_CHARACTERS,
    any_of,
    contains,
    datetime_literal,
    fitting,
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


KEYS = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="*"), min_size=1, max_size=100
)


@given(st.lists(KEYS, min_size=1, max_size=250))
def test_as_many_values_as_an_address_has_room_for(values: list[str]) -> None:
    share = fitting("WebCaseId", values)

    assert share == values[: len(share)]
    assert share
    assert len(share) == 1 or len(quote(any_of("WebCaseId", share))) <= MAX_FILTER_CHARACTERS
    if len(share) < len(values):
        assert len(quote(any_of("WebCaseId", values[: len(share) + 1]))) > MAX_FILTER_CHARACTERS - 20


def test_a_filter_of_two() -> None:
    assert any_of("F", ["a", "b"]) == "(F eq 'a' or F eq 'b')"


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
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "9" * 400}, 600),
        ({"Retry-After": "\u0663"}, None),
        ({"Retry-After": "Mon, 23 Nov 99999 10:01:30 GMT", "Date": DATE}, None),
        ({"Retry-After": "Mon, 23 Nov 2026 10:01:30 GMT", "Date": "yesterday"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(CIMultiDictProxy(CIMultiDict(headers))) == seconds


@pytest.mark.parametrize("value", ["*", "CAS-*", "a*b", "", "a\0b", "a\nb", "a\x7f", "\ud83d", "x" * 101])
def test_what_is_no_key_is_never_put_into_a_filter(value: str) -> None:
    with pytest.raises(D365UnusableKey, match="CaseId"):
        any_of("CaseId", ["C-1", value])


def test_contains_asks_in_each_field() -> None:
    assert contains(("CaseId", "Description"), "O'Brien") == "(CaseId eq '*O''Brien*' or Description eq '*O''Brien*')"

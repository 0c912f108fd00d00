"""The list's cursor: restores its position, and is refused if anything else differs."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from case_api.domain.list_query import Collation, Column, Filters, ListQuery, Place, Search, Sort
from case_api.web import cursor
from case_shared.web.cursors import LONGEST_CURSOR, Cursors
from case_shared.web.problems import Problem
from case_shared.words.actor import Actor
from case_shared.words.events import CaseStatus

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
MINE = Actor("ann", "s-1", "https://issuer.example")
CURSORS = Cursors()
QUERY = ListQuery("d-1", Filters(search=Search("w1"), statuses=(CaseStatus.OPEN,), created_from=AT))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Column.CREATED_AT, AT), (Column.UPDATED_AT, AT), (Column.SUBMITTED_AT, None), (Column.SUBMITTED_AT, AT),
        (Column.STATUS, 3), (Column.CASE_ID, "C-1"), (Column.CASE_ID, None), (Column.WEB_CASE_ID, "W1"),
        (Column.DESCRIPTION, "ö" * 100), (Column.CREATED_BY, "\U0010ffff" * 254), (Column.CATEGORY, ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("descending", [True, False])
def test_a_cursor_brings_back_its_place(column: Column, value: Any, descending: bool) -> None:
    query = replace(QUERY, sort=Sort(column, descending))
    place = Place(value, AT, "W1")
    text = cursor.encode(CURSORS, place, query)
    assert cursor.decode(CURSORS, text, query) == place
    assert len(text) <= LONGEST_CURSOR


def test_a_cursor_of_one_s_own_cases_survives_a_change_of_name() -> None:
    mine = ListQuery("d-1", Filters(mine=MINE))
    text = cursor.encode(CURSORS, Place(AT, AT, "W1"), mine)
    assert cursor.decode(CURSORS, text, ListQuery("d-1", Filters(mine=MINE._replace(name="Anna")))) is not None
    with pytest.raises(Problem):
        cursor.decode(CURSORS, text, ListQuery("d-1", Filters(mine=MINE._replace(subject="s-2"))))


def test_no_cursor_is_the_first_page() -> None:
    assert cursor.decode(CURSORS, None, QUERY) is None


@pytest.mark.parametrize(
    "other",
    [
        replace(QUERY, dealer="d-2"),
        replace(QUERY, sort=Sort(Column.CREATED_AT, descending=False)),
        replace(QUERY, sort=Sort(Column.UPDATED_AT)),
        replace(QUERY, filters=replace(QUERY.filters, search=Search("w2"))),
        replace(QUERY, filters=replace(QUERY.filters, statuses=())),
        replace(QUERY, filters=replace(QUERY.filters, undelivered=False)),
        replace(QUERY, filters=replace(QUERY.filters, words=("pump",))),
        replace(QUERY, sort=replace(QUERY.sort, collation=Collation.GERMAN)),
        replace(QUERY, filters=replace(QUERY.filters, created_before=AT)),
        replace(QUERY, filters=replace(QUERY.filters, mine=MINE)),
    ],
)
def test_a_cursor_of_another_list_is_refused(other: ListQuery) -> None:
    with pytest.raises(Problem) as refused:
        cursor.decode(CURSORS, cursor.encode(CURSORS, Place(AT, AT, "W1"), QUERY), other)
    [error] = refused.value.errors
    assert (refused.value.status, error.pointer) == (422, "?cursor")
    assert "another list" in error.detail


def test_a_cursor_that_was_changed_is_refused() -> None:
    good = cursor.encode(CURSORS, Place(AT, AT, "W1"), QUERY)
    first = "B" if good[0] == "A" else "A"  # the key is random, so `good` may begin with any letter
    for wrong in (good[:-2], first + good[1:], good + "A", "", "ä", "a.b", good.swapcase(), "bnVsbA", "W10", "e30"):
        with pytest.raises(Problem) as refused:
            cursor.decode(CURSORS, wrong, QUERY)
        assert refused.value.errors[0].pointer == "?cursor"

from urllib.parse import parse_qsl

import pytest

from portal_web.domain.listing import NEWEST_FIRST, Listing


def read(query: str) -> Listing:
    pairs = parse_qsl(query)
    return Listing.read(dict(pairs), [value for name, value in pairs if name == "status"])


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?q=W12&status=draft%2Copen&category=Warranty&undelivered=1&sort=-status&cursor=abc",
        "?created_by=dana&created_from=2026-01-01&created_to=2026-02-01",
    ],
)
def test_an_address_says_everything(query: str) -> None:
    listing = read(query.removeprefix("?"))
    assert listing.query(cursor=listing.cursor) == query


def test_statuses_come_by_comma_or_several_times_in_the_order_of_a_case_s_life() -> None:
    assert read("status=open&status=draft,nonsense").status == ("draft", "open")


def test_what_makes_no_sense_is_left_aside() -> None:
    listing = read("sort=name;drop&created_from=yesterday&created_to=0002-01-31&q=%20%20&within=words")
    assert listing == Listing()
    assert not listing.filtered


@pytest.mark.parametrize(("within", "kept"), [("pump+leaks", True), ("words", True), ("pump", False), ("", False)])
def test_a_form_keeps_where_its_text_was_found_but_not_for_another_text(within: str, kept: bool) -> None:
    assert bool(read(f"q=+pump+leaks&status=open&within={within}").within) == kept


def test_another_filter_begins_at_the_first_page() -> None:
    assert read("q=a&cursor=abc").query(q="b") == "?q=b"


def test_a_header_turns_the_order_round_and_times_begin_with_the_newest() -> None:
    assert Listing().turned("created_at") == "created_at"
    assert Listing().turned("submitted_at") == "-submitted_at"
    assert Listing().turned("status") == "status"
    assert Listing(sort="status").turned("status") == "-status"
    assert Listing().direction("created_at") == "descending"
    assert Listing(sort="status").direction("status") == "ascending"
    assert Listing().direction("status") is None


def test_days_are_the_visitor_s() -> None:
    asked = Listing(created_from="2026-07-01", created_to="2026-07-01").asked("Europe/Berlin")
    assert (asked["created_from"], asked["created_to"], asked["zone"]) == ("2026-07-01", "2026-07-01", "Europe/Berlin")
    assert asked["sort"] == NEWEST_FIRST

"""Pasted texts are read as intended."""

import pytest

from case_shared.words.written import plain_email, plain_lines


@pytest.mark.parametrize(
    "pasted",
    [
        "ann@example.com",
        "  ann@example.com\u00a0\n",
        "\u200bann@\u00adexample.com\ufeff",
        "mailto:ann@example.com",
        "MAILTO:ann@example.com?subject=Pump",
        "Ann Ampere <ann@example.com>",
        "<ann@example.com>;",
        "\u202aann@example.com\u202c",
        "ann\uff20example.com",
    ],
)
def test_an_address_is_found_in_what_was_pasted(pasted: str) -> None:
    assert plain_email(pasted) == "ann@example.com"


@pytest.mark.parametrize("kept", [None, 5, "", "no address", "a\0b", "jón@dæmi.is", "o'neill+x@example.com"])
def test_all_else_stays_as_it_is(kept: object) -> None:
    assert plain_email(kept) == kept


def test_line_ends_are_alike() -> None:
    assert plain_lines("a\r\nb\rc\nd") == "a\nb\nc\nd"

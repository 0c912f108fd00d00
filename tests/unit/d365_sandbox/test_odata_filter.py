from datetime import UTC, datetime

import pytest

from d365_sandbox.odata_errors import ODataError
from d365_sandbox.odata_filter import parse_filter
from d365_sandbox.odata_tree import All, AnyOf, Arithmetic, Comparison, Computed, Condition, EnumLiteral, Not, Property

STATUS = "Microsoft.Dynamics.DataEntities.CaseStatus"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("A eq 'x'", Comparison("A", "eq", "x")),
        ("A eq 'it''s'", Comparison("A", "eq", "it's")),
        ("A eq ''", Comparison("A", "eq", "")),
        ("A eq '*part*'", Comparison("A", "eq", "*part*")),
        ("A ge 12.5", Comparison("A", "ge", 12.5)),
        ("'x' lt A", Comparison("A", "gt", "x")),
        ("A ne null", Comparison("A", "ne", None)),
        ("A gt 2026-11-23T10:00:00Z", Comparison("A", "gt", datetime(2026, 11, 23, 10, tzinfo=UTC))),
        ("A gt 2026-11-23T10:00:00.1234567Z", Comparison("A", "gt", datetime(2026, 11, 23, 10, 0, 0, 123456, UTC))),
        ("A add 2 mul 3 gt 10", Computed(Arithmetic("add", Property("A"), Arithmetic("mul", 2, 3)), "gt", 10)),
        ("(A add 2) mod 3 eq 0", Computed(Arithmetic("mod", Arithmetic("add", Property("A"), 2), 3), "eq", 0)),
        (f"A eq {STATUS}'Planned'", Comparison("A", "eq", EnumLiteral(STATUS, "Planned"))),
    ],
)
def test_comparison(text: str, tree: Condition) -> None:
    assert parse_filter(text) == tree


def test_and_binds_tighter_than_or_and_not_tightest() -> None:
    a, b, c = (Comparison(name, "eq", "1") for name in "ABC")

    assert parse_filter("A eq '1' or B eq '1' and not C eq '1'") == AnyOf((a, All((b, Not(c)))))
    assert parse_filter("(A eq '1' or B eq '1') and not (C eq '1')") == All((AnyOf((a, b)), Not(c)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A in ('x','y')", "'in' is not supported"),
        ("A has 'x'", "'has' is not supported"),
        ("contains(A,'x')", "function 'contains' is not supported"),
        ("A eq 'x", "position 4"),
        ("A eq", "position 4"),
        ("A eq 'x' and", "position 12"),
        ("(A eq 'x'", "position 9"),
        ("A eq 'x') or B eq 'y'", "position 8"),
        ("A like 'x'", "position 2"),
        ("A eq B", "one property and one literal"),
        ("'x' eq 'y'", "one property and one literal"),
        ("A", "position 1"),
        ("A eq 'x' add 1 eq 2", "position 19"),
        ("A eq 2026-99-99T10:00:00Z", "position 5"),
        ("", "position 0"),
        ("(" * 500 + "A eq 'x'" + ")" * 500, "recursion limit"),
    ],
)
def test_what_f_and_o_does_not_read_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(ODataError, match="not valid") as caught:
        parse_filter(text)

    assert caught.value.status == 400
    assert reason in caught.value.message

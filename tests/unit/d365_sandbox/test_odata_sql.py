from pathlib import Path

import pytest

from d365_sandbox.entities import EntitySet, build_catalog
from d365_sandbox.odata_errors import ODataError
from d365_sandbox.odata_filter import parse_filter
from d365_sandbox.odata_sql import to_sql
from d365_sandbox.store import Store

STATUS = "Microsoft.Dynamics.DataEntities.CaseStatus"


@pytest.fixture(name="cases")
def _cases() -> EntitySet:
    return build_catalog()["DealerPortalCases"]


def test_values_are_parameters_never_text(cases: EntitySet) -> None:
    where = to_sql(parse_filter("Description eq 'x'' OR 1=1 --'"), cases)

    assert (where.sql, where.parameters) == ("Description = ?", ["x' OR 1=1 --"])


def test_many_ids_become_one_list(cases: EntitySet) -> None:
    where = to_sql(parse_filter("WebCaseId eq 'A' or WebCaseId eq 'B' or WebCaseId eq 'C'"), cases)

    assert (where.sql, where.parameters) == ("WebCaseId IN (?, ?, ?)", ["A", "B", "C"])


def test_ids_of_two_fields_become_a_list_each(cases: EntitySet) -> None:
    where = to_sql(
        parse_filter("(WebCaseId eq 'A' or WebCaseId eq 'B*') or (CaseId eq 'C' or WebCaseId eq 'D')"), cases
    )

    assert where.sql == "(WebCaseId IN (?, ?)) OR (CaseId IN (?)) OR (WebCaseId LIKE ? ESCAPE '\\')"
    assert where.parameters == ["A", "D", "C", "B%"]


def test_a_look_up_uses_its_indexes_even_in_a_new_file(cases: EntitySet, tmp_path: Path) -> None:
    where = to_sql(parse_filter("dataAreaId eq 'usmf' and (WebCaseId eq 'A' or CaseId eq 'B')"), cases)
    store = Store(tmp_path / "new.db", {cases.name: cases})

    rows = store.read(f"EXPLAIN QUERY PLAN SELECT * FROM {cases.table} WHERE {where.sql}", where.parameters)
    store.close()

    plan = " ".join(row["detail"] for row in rows)
    assert "cases_by_web_case_id (dataAreaId=? AND WebCaseId=?)" in plan
    assert "CaseDetailBase_key (dataAreaId=? AND CaseId=?)" in plan


def test_wildcards_match_and_like_characters_are_plain(cases: EntitySet) -> None:
    where = to_sql(parse_filter("Description eq '*50%_\\*' or Description ne 'a*'"), cases)

    assert where.sql == "(Description LIKE ? ESCAPE '\\') OR (Description NOT LIKE ? ESCAPE '\\')"
    assert where.parameters == ["%50\\%\\_\\\\%", "a%"]


def test_arithmetic_is_on_numbers(cases: EntitySet) -> None:
    where = to_sql(parse_filter("CaseRecId sub 5 divby 2 gt 3 or CaseRecId mod 2 eq 0"), cases)

    assert where.sql == "((CaseRecId - (1.0 * ? / ?)) > ?) OR ((CaseRecId % ?) = ?)"
    assert where.parameters == [5, 2, 3, 2, 0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Description add 1 eq 2", "'Description' is not a number"),
        ("CaseRecId add 'x' eq 2", "'x' is not a number"),
        ("Nothing eq 'x'", "Could not find a property named 'Nothing'"),
        ("CaseStatus eq 'Planned'", "incompatible types"),
        (f"CaseStatus gt {STATUS}'Planned'", "not supported on the enumeration"),
        (f"CaseStatus eq {STATUS}'Nonsense'", "not a member"),
        ("CaseStatus eq Wrong.Type'Planned'", "not a member"),
        ("SysModifiedDateTime gt '2026-01-01'", "incompatible types"),
        ("CaseId eq 5", "incompatible types"),
    ],
)
def test_operands_that_do_not_fit_are_refused(cases: EntitySet, text: str, reason: str) -> None:
    with pytest.raises(ODataError) as caught:
        to_sql(parse_filter(text), cases)

    assert caught.value.status == 400
    assert reason in caught.value.message

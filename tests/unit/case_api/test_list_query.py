"""What is typed, as searches read it."""

import pytest

from case_api.domain.list_query import Column, Search, Sort
from case_shared.events import CaseStatus
from case_shared.status_labels import STATUS_LABELS


def search(typed: str) -> Search:
    found = Search.parse(typed)
    assert found is not None
    return found


def test_every_language_has_a_label_for_every_status_and_no_label_twice() -> None:
    for labels in STATUS_LABELS.values():
        assert list(labels) == list(CaseStatus)
        assert len(set(labels.values())) == len(CaseStatus)


@pytest.mark.parametrize("status", CaseStatus)
@pytest.mark.parametrize("language", STATUS_LABELS)
def test_a_label_in_any_case_finds_its_status(language: str, status: CaseStatus) -> None:
    label = STATUS_LABELS[language][status]
    for typed in (label, label.upper(), label.lower(), label[:2], f"  {label} "):
        assert status in search(typed).statuses


@pytest.mark.parametrize(
    ("typed", "text", "anywhere", "ids"),
    [
        ("  A\tb\n", "a b", False, ["a b"]),
        ("OIL", "oil", True, ["oil", "011"]),
        ("W0", "w0", False, ["w0"]),
        ("0%_", "0%_", False, ["0%_"]),
        ("a-b-c", "a-b-c", True, ["a-b-c"]),
        ("ÜBE", "übe", True, ["übe"]),
    ],
)
def test_what_is_typed_is_read(typed: str, text: str, anywhere: bool, ids: list[str]) -> None:
    found = search(typed)
    assert (found.text, found.anywhere, found.ids) == (text, anywhere, ids)


def test_blanks_are_no_search() -> None:
    assert Search.parse(" \t\n ") is None


@pytest.mark.parametrize("column", Column)
def test_a_sort_is_read_and_written(column: Column) -> None:
    for text in (str(column), f"-{column}"):
        assert str(Sort.parse(text)) == text

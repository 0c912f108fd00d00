"""How searches read typed texts."""

# ruff: noqa: RUF001 - look-alike characters are tested

import unicodedata

import pytest

from case_api.domain.list_query import Collation, Column, Search, Sort
from case_api.domain.searched_text import words_of
from case_shared.words.events import CaseStatus
from case_shared.words.status_labels import STATUS_LABELS


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
    ("typed", "text", "part_of_id"),
    [
        ("  A\tb\n", "a b", None),
        ("OIL", "oil", "011"),
        ("W0", "w0", None),
        ("0%_", "0", None),
        ("0%_1", "0%_1", None),
        ("«\u200bW１２3–4», ", "w123-4", None),
        ("\u0130BRAHI\u0307M", "ibrahim", "1BRAH1M"),
        ("W0l", "w0l", "W01"),
        ("Jul", "jul", None),
        ("Wo234567890", "wo234567890", None),
        ("oil-1", "oil-1", None),
        ("a-b-c", "a-b-c", None),
        ("ÜBE", "übe", None),
    ],
)
def test_what_is_typed_is_read(typed: str, text: str, part_of_id: str | None) -> None:
    found = search(typed)
    assert (found.text, found.part_of_id) == (text, part_of_id)


@pytest.mark.parametrize("typed", [" \t\n ", "«»", " % _ \\ ", "\u200b\u00ad", "...", "—"])
def test_what_nothing_is_left_of_is_no_search(typed: str) -> None:
    assert Search.parse(typed) is None
    assert words_of(typed) == ()


@pytest.mark.parametrize("status", CaseStatus)
@pytest.mark.parametrize("language", STATUS_LABELS)
def test_any_part_of_a_label_finds_its_status(language: str, status: CaseStatus) -> None:
    label = STATUS_LABELS[language][status]
    for typed in (*label.replace(" ", ""), label[1:4], unicodedata.normalize("NFD", label)):
        assert status in search(typed).statuses


def test_words_are_read_kindly() -> None:
    assert words_of('„Straße“, \u0130BRAH\u0130M’s pump–motor  (pump-motor) 100%_x') == (
        "strasse", "ibrahim's", "pump-motor", "100%_x",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("languages", "collation"),
    [
        ([], Collation.ROOT),
        (["de-at", "en"], Collation.GERMAN),
        (["fr", "is-is"], Collation.ICELANDIC),
        (["sv"], Collation.ROOT),
    ],
)
def test_texts_sort_in_the_first_language_that_there_is(languages: list[str], collation: Collation) -> None:
    assert Sort.parse("category", Collation.of(languages)).collation is collation
    assert Sort.parse("case_id", Collation.of(languages)).collation is Collation.ROOT


@pytest.mark.parametrize("column", Column)
def test_a_sort_is_read_and_written(column: Column) -> None:
    for text in (str(column), f"-{column}"):
        assert str(Sort.parse(text)) == text

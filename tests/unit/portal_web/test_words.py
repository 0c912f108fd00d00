"""Every text is there in every language, and says the same."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import portal_web.web
from case_shared.events import CaseStatus
from portal_web.web.labels import STATUSES
from portal_web.web.words import LANGUAGES, Words, preferred, zones

WEB = Path(portal_web.web.__file__).parent
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "N_": None, "words": None, "self": None, "many": (1, 2)}
TRANSLATED = sorted(set(LANGUAGES) - {"en"})


def texts() -> set[str]:
    options = {"**.html": {"trimmed": "true", "silent": "false"}}
    found = extract_from_dir(WEB, method_map=METHODS, options_map=options, keywords=KEYWORDS)
    return {one(entry[2]) for entry in found}


def catalog(language: str) -> dict[str, Message]:
    with (WEB / "locale" / f"{language}.po").open("rb") as file:
        found = read_po(file, locale=language)
    return {one(message.id): message for message in found if message.id}


def one(text: str | Sequence[str]) -> str:
    """A text, or the singular of one that has a plural."""
    return text if isinstance(text, str) else text[0]


def test_texts_are_found() -> None:
    assert {"Create Case", "Not submitted yet: something is missing or wrong", "%(number)s case"} <= texts()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language: str) -> None:
    known = catalog(language)
    missing = sorted(text for text in texts() if text not in known or not known[text].string or known[text].fuzzy)
    assert missing == []
    assert sorted(set(known) - texts()) == [], "not used any more"


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_what_stands_for_values(language: str) -> None:
    for text, message in catalog(language).items():
        strings = [message.string] if isinstance(message.string, str) else message.string or ()
        for string in filter(None, strings):
            assert set(re.findall(r"%\(\w+\)s", string)) == set(re.findall(r"%\(\w+\)s", text)), (text, string)


def test_every_status_has_a_label() -> None:
    assert set(STATUSES) == set(CaseStatus)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("fr,is;q=0.3,en;q=0.5", "en"),
        ("is", "is"),
        ("zz;q=nonsense,de;q=0.1", "de"),
    ],
)
def test_the_browser_s_language_is_spoken_where_it_is_known(accepted: str, language: str) -> None:
    assert preferred(accepted) == language


def test_moments_and_numbers_are_the_visitor_s() -> None:
    at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert "02.07.2026, 00:30" in Words("de", "Europe/Berlin").moment(at)
    assert Words("de", "UTC").number(1000) == "1.000"
    assert Words("de", "UTC").many("%(number)s case", "%(number)s cases", 1) == "1 Fall"
    assert Words("en-XA", "UTC")("Draft %(case)s", case="W1") == "⟦Dràft W1⟧"


def test_zones_are_places() -> None:
    assert "Atlantic/Reykjavik" in zones()
    assert "UTC" not in zones()

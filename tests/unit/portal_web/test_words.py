"""Every text exists in every language, with the same placeholders."""

import inspect
import re
from datetime import UTC, datetime

import pytest

from case_api.domain import timeline
from case_shared.words.events import CaseStatus
from case_shared.words.status_labels import STATUS_LABELS
from portal_web.web.labels import EVENTS, STATUSES
from portal_web.web.words import Words, preferred, territory, zones
from tests.support.words import TRANSLATED, WEB, by_text, catalog, texts


def test_texts_are_found() -> None:
    assert {"Create Case", "Not submitted. Complete or correct these fields:", "%(number)s case"} <= set(
        by_text(texts())
    )


def test_no_template_hides_a_text_from_the_translators() -> None:
    hiding = re.compile(r"""words(\.many)?\(\s*["']""")
    assert [path.name for path in WEB.rglob("*.html") if hiding.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated(language: str) -> None:
    known, used = by_text(catalog(language)), set(by_text(texts()))
    assert [text for text in sorted(used) if text not in known or not known[text].string or known[text].fuzzy] == []
    assert sorted(set(known) - used) == [], "not used any more"


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_keep_what_stands_for_values(language: str) -> None:
    for text, message in by_text(catalog(language)).items():
        strings = [message.string] if isinstance(message.string, str) else message.string or ()
        for string in filter(None, strings):
            assert set(re.findall(r"%\(\w+\)s", string)) == set(re.findall(r"%\(\w+\)s", text)), (text, string)


def test_every_status_has_a_label() -> None:
    assert set(STATUSES) == set(CaseStatus)


@pytest.mark.parametrize("language", STATUS_LABELS)
def test_the_list_finds_cases_by_the_status_that_it_shows(language: str) -> None:
    words = Words(language, "UTC")
    assert {status: words(text) for status, text in STATUSES.items()} == STATUS_LABELS[language]


def test_every_event_of_a_timeline_has_a_label() -> None:
    yielded = set(re.findall(r'yield (?:Entry\([^"]*)?"(\w+)"', inspect.getsource(timeline)))
    assert {"submitted", "restored", "linked"} <= yielded <= set(EVENTS)


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
    assert Words("de", "UTC").day("2026-10-25") == "25.10.2026"
    assert Words("de", "UTC").number(1000) == "1.000"
    assert Words("de", "UTC").many("%(number)s case", "%(number)s cases", 1) == "1 Fall"
    assert Words("en-XA", "UTC")("Draft %(case)s", case="W1") == "⟦Dràft W1⟧"


def test_zones_are_places() -> None:
    assert "Atlantic/Reykjavik" in zones()
    assert "UTC" not in zones()


@pytest.mark.parametrize(
    ("accepted", "language", "shown"),
    [
        ("en-GB, en;q=0.9", "en", "3 Feb 2026, 04:05:06"),
        ("de, en-AU;q=0.5", "en", "3 Feb 2026, 4:05:06 am"),
        ("en-US", "en", "Feb 3, 2026, 4:05:06 AM"),
        ("en", "en", "Feb 3, 2026, 4:05:06 AM"),
        ("de-AT", "de", "03.02.2026, 04:05:06"),
        ("en-ZZ, en-XA", "en", "Feb 3, 2026, 4:05:06 AM"),
        ("en-Latn-GB", "en", "3 Feb 2026, 04:05:06"),
    ],
)
def test_dates_are_written_as_where_the_visitor_lives(accepted: str, language: str, shown: str) -> None:
    words = Words(language, "UTC", territory(language, accepted))
    moment = words.moment(datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC))
    assert moment.replace("\u202f", " ") == shown

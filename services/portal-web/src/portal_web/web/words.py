"""The languages of the pages: texts by gettext, dates and numbers by Babel."""

import gettext
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from importlib import resources
from io import BytesIO
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from case_shared.words.languages import accepted_languages, language_of

# In the order of the menu, each by its own name.
LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch", "is": "Íslenska"}
# Distorted English: text that stays plain on such a page was not marked for translation (tests/e2e/browser).
PSEUDO = "en-XA"
_TERRITORY = 2  # letters
_PARTS = re.compile(r"(%\([a-z_]+\)[sd]|<[^>]+>)")
_ACCENTED = str.maketrans("aeiouyAEIOUcnsz", "àéîöûýÀÉÎÖÛçñšž")
_KNOWN_MOMENTS = 10_000


def N_(message: str) -> str:  # noqa: N802 - gettext's name for: to be translated where it is used
    """Mark a text for translation."""
    return message


class _Pseudo(gettext.NullTranslations):
    """Wraps every text in brackets and adds accents."""

    def gettext(self, message: str) -> str:
        """The distorted text; placeholders stay."""
        parts = _PARTS.split(message)
        return "⟦" + "".join(part if _PARTS.fullmatch(part) else part.translate(_ACCENTED) for part in parts) + "⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The same, for one or several."""
        return self.gettext(msgid1 if n == 1 else msgid2)


@cache
def catalog(language: str) -> gettext.NullTranslations:
    """The texts of a language, from locale/<language>.po, without a compiled file."""
    if language == PSEUDO:
        return _Pseudo()
    if language == "en":
        return gettext.NullTranslations()
    text = resources.files("portal_web.web") / "locale" / f"{language}.po"
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(text.read_bytes()), locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@dataclass(frozen=True)
class Words:
    """How to say things to one visitor."""

    language: str
    zone: str
    territory: str = ""

    def __call__(self, message: str, /, **values: object) -> str:
        """A text in the visitor's language; values replace `%(name)s`."""
        text = catalog(self.language).gettext(message)
        return text % values if values else text

    def many(self, one: str, several: str, number: int, /, **values: object) -> str:
        """A text that depends on a number."""
        return catalog(self.language).ngettext(one, several, number) % {"number": self.number(number), **values}

    @property
    def locale(self) -> Locale:
        """The locale for Babel."""
        return _locale("en" if self.language == PSEUDO else self.language, self.territory)

    def moment(self, at: datetime, form: str = "medium") -> str:
        """Date and time where the visitor is."""
        return _moment(at, form, self.zone, str(self.locale))

    def day(self, day: str) -> str:
        """A day that is given as 2026-10-25."""
        return format_date(date.fromisoformat(day), locale=self.locale)

    def clock(self, at: datetime) -> str:
        """The time of day, to the second."""
        return _clock(at, self.zone, str(self.locale))

    def duration(self, seconds: float) -> str:
        """How long something took."""
        if seconds < 1:
            return self("less than a second")
        text = format_timedelta(seconds_to(seconds), threshold=1.5, locale=self.locale)
        return f"⟦{text}⟧" if self.language == PSEUDO else text

    def number(self, value: float) -> str:
        """A number as the language writes it."""
        return _number(value, str(self.locale))


# The console's flow writes several hundred small numbers on a page, mostly the same ones.
@lru_cache(_KNOWN_MOMENTS, typed=True)
def _number(value: float, locale: str) -> str:
    return format_decimal(value, locale=locale)


@lru_cache(_KNOWN_MOMENTS)
def _clock(at: datetime, zone: str, locale: str) -> str:
    return format_datetime(at, "HH:mm:ss", tzinfo=zone_of(zone), locale=locale)


@lru_cache(_KNOWN_MOMENTS)
def _moment(at: datetime, form: str, zone: str, locale: str) -> str:
    """Format a moment; cached, because a list shows a hundred of them again and again."""
    return format_datetime(at, form, tzinfo=zone_of(zone), locale=locale)


def seconds_to(seconds: float) -> int:
    """Whole seconds, as Babel wants them."""
    return round(seconds)


@cache
def _locale(language: str, territory: str) -> Locale:
    try:
        return Locale.parse(f"{language}_{territory}" if territory else language)
    except (UnknownLocaleError, ValueError):
        return Locale.parse(language)


def territory(language: str, accepted: str) -> str:
    """The territory of `language` in an `Accept-Language`: `GB` of `en-GB`, which begins dates with the day."""
    for tag in accepted_languages(accepted):
        spoken, *parts = tag.split("-")
        if spoken == language:
            return next((part.upper() for part in parts if len(part) == _TERRITORY and part.isalpha()), "")
    return ""


def preferred(accepted: str) -> str:
    """The first language of an `Accept-Language` that the pages have; English if none."""
    known = [language for tag in accepted_languages(accepted) if (language := language_of(tag)) in LANGUAGES]
    return known[0] if known else "en"


@cache
def known_zones() -> frozenset[str]:
    """The names of all time zones; cached, because finding them on disk takes a while."""
    return frozenset(available_timezones())


@cache
def zone_of(name: str) -> ZoneInfo:
    """The time zone; cached, because `ZoneInfo` itself keeps only eight."""
    return ZoneInfo(name)


@cache
def zones() -> Sequence[str]:
    """The time zones to choose from."""
    return sorted(zone for zone in known_zones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))

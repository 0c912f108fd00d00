"""The languages of the pages: texts by gettext, dates and numbers by Babel."""

import gettext
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from io import BytesIO
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.dates import format_datetime, format_timedelta, get_timezone_name
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

# In the order in which they are offered, each by its own name.
LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch", "is": "Íslenska"}
# English made strange: what stays readable on such a page was not marked for translation (tests/e2e/browser).
PSEUDO = "en-XA"
_PARTS = re.compile(r"(%\([a-z_]+\)[sd]|<[^>]+>)")
_ACCENTED = str.maketrans("aeiouyAEIOUcnsz", "àéîöûýÀÉÎÖÛçñšž")
_DAY_SECONDS = 86_400


def N_(message: str) -> str:  # noqa: N802 - gettext's name for: to be translated where it is used
    """Mark a text for translation."""
    return message


class _Pseudo(gettext.NullTranslations):
    """Wraps and accents every text."""

    def gettext(self, message: str) -> str:
        """The strange text; what stands in for values stays."""
        parts = _PARTS.split(message)
        return "⟦" + "".join(part if _PARTS.fullmatch(part) else part.translate(_ACCENTED) for part in parts) + "⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The same, for one or several."""
        return self.gettext(msgid1 if n == 1 else msgid2)


@cache
def catalog(language: str) -> gettext.NullTranslations:
    """The texts of a language, from locale/<language>.po: it needs no compiled file beside it."""
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

    def __call__(self, message: str, /, **values: object) -> str:
        """A text in the visitor's language; `%(name)s` stands for a value."""
        text = catalog(self.language).gettext(message)
        return text % values if values else text

    def many(self, one: str, several: str, number: int, /, **values: object) -> str:
        """A text that depends on a number."""
        return catalog(self.language).ngettext(one, several, number) % {"number": self.number(number), **values}

    @property
    def locale(self) -> Locale:
        """Babel's."""
        return Locale.parse("en" if self.language == PSEUDO else self.language)

    def moment(self, at: datetime, form: str = "medium") -> str:
        """Date and time where the visitor is."""
        return format_datetime(at, form, tzinfo=ZoneInfo(self.zone), locale=self.locale)

    def clock(self, at: datetime) -> str:
        """The time of day, to the second."""
        return format_datetime(at, "HH:mm:ss", tzinfo=ZoneInfo(self.zone), locale=self.locale)

    def duration(self, seconds: float) -> str:
        """How long something took."""
        if seconds < 1:
            return self("less than a second")
        told = format_timedelta(seconds_to(seconds), threshold=1.5, locale=self.locale)
        return f"⟦{told}⟧" if self.language == PSEUDO else told

    def number(self, value: float) -> str:
        """A number as the language writes it."""
        return format_decimal(value, locale=self.locale)

    def zone_name(self, at: datetime) -> str:
        """The visitor's time zone, by name."""
        return get_timezone_name(at.astimezone(ZoneInfo(self.zone)), locale=self.locale)


def seconds_to(seconds: float) -> int:
    """Whole seconds, as Babel wants them."""
    return round(seconds)


def preferred(accepted: str) -> str:
    """The first language of an `Accept-Language` that there is; English where there is none."""
    ranked: list[tuple[float, str]] = []
    for part in accepted.split(",")[:20]:
        name, _, quality = part.strip().partition(";q=")
        try:
            ranked.append((-float(quality or 1), name.partition("-")[0].lower()))
        except ValueError:
            continue
    known = [language for _, language in sorted(ranked, key=lambda entry: entry[0]) if language in LANGUAGES]
    return known[0] if known else "en"


@cache
def zones() -> Sequence[str]:
    """The time zones to choose from."""
    return sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))

"""What a visitor chose, in cookies of its own: language, theme, time zone."""

from dataclasses import dataclass

from fastapi import Request

from case_shared.words.languages import accepted_languages
from portal_web.web.words import LANGUAGES, PSEUDO, Words, known_zones, preferred, territory

THEMES = ("system", "light", "dark")
LANGUAGE_COOKIE, THEME_COOKIE, ZONE_COOKIE = "language", "theme", "zone"
# Written by app.js: the browser's time zone, for visitors who chose none.
BROWSER_ZONE_COOKIE = "browser_zone"


@dataclass(frozen=True)
class Preferences:
    """What was chosen; None: not chosen."""

    language: str | None
    theme: str
    zone: str | None
    words: Words
    browser_zone: str  # the browser's zone, if it is known here
    accepts: str  # for the APIs, as an `Accept-Language`: what was chosen, else the browser's


def preferences_of(request: Request) -> Preferences:
    """The preferences of a request; an unknown language, theme or zone counts as not chosen."""
    cookies = request.cookies
    language, theme, zone = (cookies.get(name) for name in (LANGUAGE_COOKIE, THEME_COOKIE, ZONE_COOKIE))
    chosen = language if language in {*LANGUAGES, PSEUDO} else None
    zone = zone if zone in known_zones() else None
    browser = cookies.get(BROWSER_ZONE_COOKIE)
    browser = browser if browser in known_zones() else None
    accepts = chosen or ", ".join(accepted_languages(request.headers.get("accept-language", "")))
    spoken = chosen or preferred(accepts)
    words = Words(spoken, zone or browser or "UTC", territory(spoken, request.headers.get("accept-language", "")))
    return Preferences(chosen, theme if theme in THEMES else "system", zone, words, browser or "", accepts)


def words_of(request: Request) -> Words:
    """The language and formats for this visitor."""
    return preferences_of(request).words

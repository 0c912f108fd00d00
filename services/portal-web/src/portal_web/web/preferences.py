"""What a visitor chose to see, in cookies that hold nothing else: language, theme, time zone."""

from dataclasses import dataclass
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from portal_web.web.words import LANGUAGES, PSEUDO, Words, preferred, zones

THEMES = ("system", "light", "dark")
LANGUAGE_COOKIE, THEME_COOKIE, ZONE_COOKIE = "language", "theme", "zone"
# Written by app.js: what the browser says, where the visitor chose nothing.
BROWSER_ZONE_COOKIE = "browser_zone"
_YEAR_SECONDS = 365 * 86_400
router = APIRouter()


@dataclass(frozen=True)
class Preferences:
    """What was chosen; None: nothing."""

    language: str | None
    theme: str
    zone: str | None
    words: Words
    zone_known: bool


def preferences_of(request: Request) -> Preferences:
    """The preferences of a request; what is no language, theme or zone counts as not chosen."""
    cookies = request.cookies
    language, theme, zone = (cookies.get(name) for name in (LANGUAGE_COOKIE, THEME_COOKIE, ZONE_COOKIE))
    chosen = language if language in {*LANGUAGES, PSEUDO} else None
    zone = zone if zone in available_timezones() else None
    browser = cookies.get(BROWSER_ZONE_COOKIE)
    browser = browser if browser in available_timezones() else None
    spoken = chosen or preferred(request.headers.get("accept-language", ""))
    words = Words(spoken, zone or browser or "UTC")
    return Preferences(chosen, theme if theme in THEMES else "system", zone, words, bool(zone or browser))


def words_of(request: Request) -> Words:
    """How to speak to who asks."""
    return preferences_of(request).words


Speaks = Annotated[Words, Depends(words_of)]


@router.get("/preferences")
async def show(request: Request) -> Response:
    """The form."""
    from portal_web.web.rendering import render

    return await render(
        request, "preferences.html", return_to=local(request.query_params.get("from")), zones=zones(), themes=THEMES
    )


@router.post("/preferences")
async def save(request: Request) -> Response:
    """Remember what was chosen, in this browser."""
    form = await request.form()
    response = RedirectResponse(local(str(form.get("from", "/"))), 303)
    choices = {
        LANGUAGE_COOKIE: [*LANGUAGES],
        THEME_COOKIE: [*THEMES],
        ZONE_COOKIE: available_timezones(),
    }
    for name, known in choices.items():
        value = form.get(name)
        if value in known:
            response.set_cookie(name, str(value), max_age=_YEAR_SECONDS, samesite="lax", httponly=True)
        elif value == "":
            response.delete_cookie(name)
    return response


def local(address: str | None) -> str:
    """An address on this site, to go back to; never another site's."""
    path = address or "/"
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path else "/"

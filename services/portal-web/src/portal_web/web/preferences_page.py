"""Routes of the form to choose language, theme and time zone."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from portal_web.web.addresses import local_path
from portal_web.web.preferences import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, ZONE_COOKIE
from portal_web.web.rendering import render
from portal_web.web.words import LANGUAGES, known_zones, zones

_YEAR_SECONDS = 365 * 86_400
router = APIRouter()


@router.get("/preferences")
async def show(request: Request) -> Response:
    """The form."""
    return await render(
        request,
        "preferences.html",
        return_to=local_path(request.query_params.get("from")),
        zones=zones(),
        themes=THEMES,
    )


@router.post("/preferences")
async def save(request: Request) -> Response:
    """Remember what was chosen, in this browser."""
    form = await request.form()
    response = RedirectResponse(local_path(str(form.get("from", "/"))), 303)
    choices = {
        LANGUAGE_COOKIE: [*LANGUAGES],
        THEME_COOKIE: [*THEMES],
        ZONE_COOKIE: known_zones(),
    }
    for name, known in choices.items():
        value = form.get(name)
        if value in known:
            response.set_cookie(name, str(value), max_age=_YEAR_SECONDS, samesite="lax", httponly=True)
        elif value == "":
            response.delete_cookie(name)
    return response

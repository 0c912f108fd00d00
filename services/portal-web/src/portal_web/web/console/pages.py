"""Render the console's pages: what their templates know besides what every page does."""

from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from portal_web.web import notices
from portal_web.web.console import labels
from portal_web.web.console.access import Console
from portal_web.web.rendering import render
from portal_web.web.signing import forget_kept, kept_form
from portal_web.web.words import N_

NAVIGATION = (
    ("/console", N_("Flow")),
    ("/console/documents", N_("Documents")),
    ("/console/replays", N_("Replays")),
    ("/console/unreadable", N_("Unreadable")),
    ("/console/delivery", N_("Delivery")),
    ("/console/d365", N_("D365 connection")),
    ("/console/audit", N_("Audit")),
    ("/console/dealers", N_("Dealers")),
)


async def show(request: Request, console: Console, template: str, status: int = 200, **values: Any) -> Response:
    """A page of the console, `console/<template>.html`; `kept`: a form sent to it after the session had ended."""
    kept = await kept_form(request, console.user)
    known: dict[str, Any] = {"console": console, "labels": labels, "navigation": NAVIGATION, **values}
    return await render(request, f"console/{template}.html", status, kept=kept.fields if kept else {}, **known)


async def go(request: Request, address: str, *, done: str = "", document: str = "") -> Response:
    """Go on to another page after a form has done its work, and delete what was kept of it.

    `done`: what the page shows once, the action on a document.
    """
    case = document.rpartition("-")[0]
    response = notices.redirect(address, done, case) if done else RedirectResponse(address, 303)
    await forget_kept(request, response)
    return response

"""A notice on the page after a redirect, in a short-lived cookie so that a reload does not repeat it."""

from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from portal_web.web.words import N_

_COOKIE = "notice"
_SECONDS = 20
# Ordered, but D365 has not answered yet: delivery may be paused, or D365 slow.
LOOK_UP_WAITS = "verify-waits"
TEXTS = {
    "saved": N_("Draft %(case)s is saved."),
    "deleted": N_("Draft %(case)s is deleted."),
    "copied": N_("This is a new draft with the content of case %(case)s."),
    "submitted": N_("Case %(case)s is submitted and on its way to D365. Follow its progress on this page."),
    "already": N_("You already submitted this as case %(case)s. Nothing was sent again."),
    "begun": N_("You already started case %(case)s on this page. Continue here, or create another case from the list."),
    "changed": N_("Case %(case)s has changed in the meantime. Review it before you submit it."),
    "not-a-draft": N_("Case %(case)s has been submitted. You can no longer edit it."),
    # What an operator did with a document, by the action.
    "replay": N_("The document is back in the queue."),
    "link": N_("The document is linked."),
    "verify": N_("Casebridge asked D365."),
    LOOK_UP_WAITS: N_("The look-up has no result yet."),
    "return": N_("The document was returned to the dealer."),
    "discard": N_("The document was discarded."),
    "restore": N_("The document was restored."),
    "acknowledge": N_("The alarm is acknowledged."),
    "note": N_("The note was added."),
}


@dataclass(frozen=True)
class Notice:
    """Which text, about which case; `name` is its key in TEXTS."""

    name: str
    text: str
    case: str


def redirect(address: str, text: str, case: str) -> RedirectResponse:
    """Redirect to a page (POST, then GET), and show a notice there."""
    response = RedirectResponse(address, 303)
    if case.isascii() and case.isalnum():
        response.set_cookie(_COOKIE, f"{text}.{case}", max_age=_SECONDS, httponly=True, samesite="lax")
    return response


def read(request: Request) -> Notice | None:
    """The notice for the page that is rendered now."""
    name, _, case = request.cookies.get(_COOKIE, "").partition(".")
    return Notice(name, TEXTS[name], case) if name in TEXTS and case.isalnum() else None


def forget(response: Response) -> None:
    """Delete it: it was shown."""
    response.delete_cookie(_COOKIE)

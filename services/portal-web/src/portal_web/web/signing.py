"""Routes of signing in and out."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from portal_web.app.keep_form import timed
from portal_web.app.sign_in import Answer
from portal_web.clients.provider import CALLBACK
from portal_web.domain.errors import ProviderError, SignInFailed
from portal_web.domain.secret import Secret
from portal_web.domain.session import KeptForm, KeptKey, SignIn
from portal_web.web.addresses import local_path
from portal_web.web.context import context_of
from portal_web.web.current_user import CurrentUser, find_user
from portal_web.web.protection import by_own_form
from portal_web.web.rendering import KEPT, here, render

log = structlog.get_logger(__name__)
router = APIRouter()
# It has to fit in a cookie.
_LONGEST_RETURN = 1500
SIGN_IN, SIGN_OUT, SIGN_OUT_EVERYWHERE = "/sign-in", "/sign-out", "/sign-out/everywhere"
FOR_ANYBODY = frozenset({SIGN_IN, CALLBACK, SIGN_OUT, SIGN_OUT_EVERYWHERE})


@router.get("/")
async def home(request: Request) -> Response:
    """The start page, or the welcome page for visitors who are not signed in."""
    user = await find_user(request)
    if user is None:
        return await render(request, "welcome.html", signed_out=False)
    dealers = await user.dealers()
    if len(dealers) == 1:
        return RedirectResponse(f"/dealers/{dealers[0].dealer}/cases", 303)
    if not dealers and user.is_operator:
        return RedirectResponse("/console", 303)
    return await render(request, "dealers.html", dealers=dealers)


@router.get(SIGN_IN)
async def sign_in(request: Request) -> Response:
    """Send the browser to the provider."""
    return await begin(request, local_path(request.query_params.get("to")))


@router.get(CALLBACK)
async def done(request: Request) -> Response:
    """The callback: the provider sends the browser back here, with a code or an error."""
    context, state = context_of(request), request.query_params.get("state", "")
    cookies, sign_in = context.cookies, context.cookies.sign_in(request, state)
    try:
        arrived = await context.signing_in.finish(sign_in, cookies.session(request), _answer(request, state))
    except SignInFailed as error:
        response = await _failed(request, error, over=sign_in is None or error.said is not None)
    else:
        response = RedirectResponse(_found_again(local_path(arrived.return_to), arrived.form), 303)
        cookies.set_session(response, arrived.session)
        if arrived.form:
            cookies.set_form(request, response, arrived.form)
    if sign_in:
        cookies.forget_sign_in(response, sign_in)
    return response


def _answer(request: Request, state: str) -> Answer:
    given = request.query_params
    refused = ProviderError.of(given["error"], given.get("error_description")) if given.get("error") else None
    return Answer(state, given.get("code"), refused)


async def _failed(request: Request, error: SignInFailed, *, over: bool) -> Response:
    said = error.said
    log.warning("sign_in_failed", error=str(error), **({"provider": str(said)} if said else {}))
    if over and "code" in request.query_params and await find_user(request):  # Back, or a second click
        return RedirectResponse("/", 303)
    return await render(request, "sign_in_failed.html", 400, said=said, reason=error.reason)


@router.post(SIGN_OUT)
async def sign_out(request: Request) -> Response:
    """End the session, then the provider's by a page that leads there: `form-action` forbids a redirect.

    Any page of ours may ask for it, also one of an earlier session: what it wants is certain (protection.py).
    """
    sessions = context_of(request).sessions
    return await _signed_out(request, sessions.end)


@router.post(SIGN_OUT_EVERYWHERE)
async def sign_out_everywhere(request: Request) -> Response:
    """End all sessions of the user, and the provider's of this browser."""
    return await _signed_out(request, context_of(request).sessions.end_all)


async def _signed_out(request: Request, end: Callable[[Secret | None], Awaitable[str | None]]) -> Response:
    context = context_of(request)
    address = await end(context.cookies.session(request))
    request.state.user = None
    response = await render(request, "signing_out.html", address=address or "/signed-out")
    context.cookies.forget_all(request, response)
    return response


@router.get("/signed-out")
async def signed_out(request: Request) -> Response:
    """The welcome page after a sign-out."""
    return await render(request, "welcome.html", signed_out=True)


async def begin(request: Request, return_to: str, max_age_seconds: int | None = None) -> Response:
    """Begin a sign-in that leads back to `return_to`; where a form may have asked for it, by a page that goes there."""
    sign_in, address = await _begun(request, return_to, None, max_age_seconds)
    if by_own_form(request) and request.url.path != SIGN_IN:
        response = await render(request, "signing_in.html", 401, address=address, again=max_age_seconds is not None)
    else:
        response = RedirectResponse(address, 303)
    context_of(request).cookies.set_sign_in(request, response, sign_in)
    return response


async def ask_to_sign_in(request: Request, fields: dict[str, str]) -> Response:
    """Show a page instead of processing a form: its content is kept, and comes back after the sign-in."""
    form = await _kept(request, fields, fields.get("author", ""))
    sign_in, address = await _begun(request, local_path(fields.get("page")), form)
    response = await render(request, "session_ended.html", 401, address=address, kept=form is not None)
    context_of(request).cookies.set_sign_in(request, response, sign_in)
    return response


async def ask_to_prove(request: Request, fields: dict[str, str], max_age_seconds: int) -> Response:
    """A page instead of what cannot be undone: sign in again first; what the form had comes back after it."""
    user = await find_user(request)
    token = user.secret.form_token() if user else ""
    form = await _kept(request, {**fields, "token": token}, fields.get("author", ""))
    sign_in, address = await _begun(request, local_path(fields.get("page")), form, max_age_seconds)
    response = await render(request, "step_up.html", 403, address=address, kept=form is not None)
    context_of(request).cookies.set_sign_in(request, response, sign_in)
    return response


async def give_back(request: Request, fields: dict[str, str]) -> Response | None:
    """Lead back to the page of a form, with its content, if its author is signed in; otherwise None."""
    user = await find_user(request)
    if user is None or fields.get("author") != user.session.subject:
        return None
    form = await _kept(request, {**fields, "token": user.secret.form_token()}, user.session.subject)
    if form is None:
        return None
    response = RedirectResponse(_found_again(local_path(fields["page"]), form), 303)
    context_of(request).cookies.set_form(request, response, form)
    return response


async def ask_to_open_again(request: Request, fields: dict[str, str]) -> Response:
    """A page instead of what a button of a page from before the sign-in wanted: with the way back to that page."""
    page = local_path(fields["page"]) if fields.get("page") else came_from(request) or "/"
    return await render(request, "outdated.html", 409, page=page)


def came_from(request: Request) -> str | None:
    """The page of ours with the form or the button, as the browser says."""
    ours, page = context_of(request).settings.public_url, request.headers.get("referer", "")
    return local_path(page.removeprefix(ours)) if page.startswith(ours) else None


@dataclass(frozen=True)
class Returned:
    """A form that could not be processed: at the address `page` it comes back; without one, it can be sent again."""

    fields: dict[str, str]
    key: KeptKey | None = None
    page: str = ""


async def return_form(request: Request, fields: dict[str, str]) -> Returned:
    """Keep a form that cannot be processed now, if there is room."""
    key = await _kept(request, fields, fields["author"])
    return Returned(fields, key, _found_again(local_path(fields["page"]), key))


async def kept_form(request: Request, user: CurrentUser) -> KeptForm | None:
    """The form that was kept for this page, in this tab, if it is this user's."""
    context = context_of(request)
    key = context.cookies.form(request, request.query_params.get(KEPT, ""))
    form = await context.signing_in.forms.find(key) if key else None
    if key is None or form is None or form.page != here(request) or form.author != user.session.subject:
        return None
    request.state.kept = key.reference
    return form


async def forget_kept(request: Request, response: Response) -> None:
    """Delete the kept form: it has been sent again and has done its work."""
    context = context_of(request)
    key = context.cookies.form(request, getattr(request.state, "kept", ""))
    if key:
        await context.signing_in.forms.forget(key)
        context.cookies.forget_form(response, key)


async def _kept(request: Request, fields: dict[str, str], author: str) -> KeptKey | None:
    """Keep a form, if it names the page to which it belongs."""
    if "page" not in fields:
        return None
    content = {name: text for name, text in fields.items() if name not in {"token", KEPT}}
    form = KeptForm(author=author, page=local_path(fields["page"]), fields=content)
    return await context_of(request).signing_in.forms.keep(form, fields.get("token", ""))


async def _begun(
    request: Request, return_to: str, form: KeptKey | None, max_age_seconds: int | None = None
) -> tuple[SignIn, str]:
    context = context_of(request)
    state = timed(context.clock) + secrets.token_urlsafe(24)
    return_to = return_to if len(return_to) <= _LONGEST_RETURN else "/"
    return await context.signing_in.begin(state, return_to, form, max_age_seconds)


def _found_again(page: str, form: KeptKey | None) -> str:
    """The address of a page with a reference to the kept form, so that only this tab shows it."""
    return f"{page}{'&' if '?' in page else '?'}{KEPT}={form.reference}" if form else page

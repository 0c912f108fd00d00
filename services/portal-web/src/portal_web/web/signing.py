"""Routes of signing in and out."""

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from portal_web.domain.errors import SignInFailed
from portal_web.domain.secret import Secret
from portal_web.domain.session import KeptForm
from portal_web.web.context import context_of
from portal_web.web.preferences import local
from portal_web.web.rendering import here, render
from portal_web.web.visit import Posted, Visit, find_visit

log = structlog.get_logger(__name__)
router = APIRouter()


@router.get("/")
async def home(request: Request) -> Response:
    """The first page for who is signed in, a door for who is not."""
    visit = await find_visit(request)
    if visit is None:
        return await render(request, "welcome.html", signed_out=False)
    dealers = await visit.dealers()
    if len(dealers) == 1:
        return RedirectResponse(f"/dealers/{dealers[0].dealer}/cases", 303)
    if not dealers and visit.is_operator:
        return RedirectResponse("/console", 303)
    return await render(request, "dealers.html", dealers=dealers)


@router.get("/sign-in")
async def sign_in(request: Request) -> Response:
    """Send the browser to the provider."""
    return await begin(request, local(request.query_params.get("to")))


@router.get("/sign-in/done")
async def done(request: Request) -> Response:
    """Where the provider sends the browser back to, with a code or an error."""
    context, given = context_of(request), request.query_params
    try:
        browser = context.cookies.sign_in(request)
        arrived = await context.signing_in.finish(browser, given.get("state", ""), given.get("code"))
    except SignInFailed as error:
        log.warning("sign_in_failed", error=str(error))
        if await find_visit(request):  # another tab was faster
            return RedirectResponse("/", 303)
        return await render(request, "sign_in_failed.html", 400)
    response = RedirectResponse(arrived.return_to, 303)
    context.cookies.set_session(response, arrived.session)
    context.cookies.forget(response, "sign-in")
    if arrived.form:
        context.cookies.set_form(response, arrived.form)
    return response


@router.post("/sign-out")
async def sign_out(request: Request, _: Posted) -> Response:
    """End the session, then the provider's by a page that goes on there: `form-action` allows no redirect to it."""
    context = context_of(request)
    secret = context.cookies.session(request)
    address = await context.sessions.end(secret) if secret else None
    request.state.visit = None
    response = await render(request, "signing_out.html", address=address or "/signed-out")
    context.cookies.forget(response, "session", "form")
    return response


@router.get("/signed-out")
async def signed_out(request: Request) -> Response:
    """The door, after a sign-out."""
    return await render(request, "welcome.html", signed_out=True)


async def begin(request: Request, return_to: str) -> Response:
    """Begin a sign-in that leads back to `return_to`."""
    address, browser = await _address(request, return_to, None)
    response = RedirectResponse(address, 303)
    context_of(request).cookies.set_sign_in(response, browser)
    return response


async def ask_to_sign_in(request: Request, fields: dict[str, str]) -> Response:
    """A page instead of what a form would have done: its content is kept, and comes back after the sign-in."""
    page = local(fields.get("page"))
    form = KeptForm(author=fields.get("author", ""), page=page, fields=fields) if "page" in fields else None
    address, browser = await _address(request, page, form)
    response = await render(request, "session_ended.html", 401, address=address, kept=form is not None)
    context_of(request).cookies.set_sign_in(response, browser)
    return response


async def give_back(request: Request, fields: dict[str, str]) -> Response | None:
    """Lead back to the page of a form, with its content, where its author is who is signed in."""
    context, visit = context_of(request), await find_visit(request)
    if visit is None or "page" not in fields or fields.get("author") != visit.session.subject:
        return None
    form = KeptForm(author=fields["author"], page=local(fields["page"]), fields=fields)
    response = RedirectResponse(form.page, 303)
    context.cookies.set_form(response, await context.signing_in.keep(form))
    return response


async def kept_form(request: Request, visit: Visit) -> KeptForm | None:
    """The form that had been sent to this page without a session, if it is this user's."""
    context = context_of(request)
    secret = context.cookies.form(request)
    sealed = await context.store.find_kept(secret.id) if secret else None
    plain = secret.open(sealed) if secret and sealed else None
    form = KeptForm.model_validate_json(plain) if plain else None
    return form if form and form.page == here(request) and form.author == visit.session.subject else None


async def _address(request: Request, return_to: str, form: KeptForm | None) -> tuple[str, Secret]:
    browser = Secret.new()
    return await context_of(request).signing_in.begin(browser, return_to, form), browser

"""What a visitor sees when something fails: always a page with a way out, never a stack trace."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from case_shared.database.errors import UNREACHABLE, retry_after
from case_shared.process.telemetry import current_trace_id
from case_shared.words.errors import Transient
from portal_web.clients.rest import Problem
from portal_web.web.addresses import local_path
from portal_web.web.context import context_of
from portal_web.web.current_user import ForgedForm, SignInNeeded, StepUpNeeded, fields_of, find_user
from portal_web.web.preferences import words_of
from portal_web.web.protection import by_navigation, by_script, by_user
from portal_web.web.rendering import here, opened, render
from portal_web.web.signing import (
    SIGN_IN,
    Returned,
    ask_to_open_again,
    ask_to_prove,
    ask_to_sign_in,
    begin,
    came_from,
    give_back,
    return_form,
)
from portal_web.web.status_texts import explain

log = structlog.get_logger(__name__)
_PASSED_ON = ("Retry-After", "Connection")
_STREAM = "/cases/stream"


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


async def refusal(
    request: Request, status: int, headers: dict[str, str] | None = None, returned: Returned | None = None
) -> Response:
    """The page for a status, with the form that it returns; for a script only its text."""
    words = words_of(request)
    title, advice = explain(status, words)
    if _wants_json(request):
        response: Response = JSONResponse({"message": f"{title}. {advice}"}, status)
    else:
        response = await render(
            request, "refusal.html", status, title=title, advice=advice, trace_id=current_trace_id(), returned=returned,
            back=came_from(request) if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else None,
            sign_in=_sign_in_address(request, returned) if status == HTTPStatus.UNAUTHORIZED else None,
        )  # fmt: skip
    response.headers.update(headers or {})
    return response


def _sign_in_address(request: Request, returned: Returned | None) -> str:
    """Where a sign-in begins that leads back to the page, or to the form that was sent."""
    page = returned.page if returned and returned.key else opened(request)
    return f"{SIGN_IN}?to={quote(page)}"


async def _sign_in(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeeded)
    if _wants_json(request):
        return _signed_out(request)
    if error.fields is not None:
        return await ask_to_sign_in(request, error.fields)
    if by_script(request):
        # A page that asks for news by itself must not sign its user in again: it would never be idle.
        return Response(status_code=401, headers={"HX-Refresh": "true"} if by_user(request) else None)
    if not by_navigation(request) or request.url.path.endswith(_STREAM):
        return PlainTextResponse(words_of(request)("You have been signed out."), 401)
    return await begin(request, local_path(opened(request)))


def _signed_out(request: Request) -> Response:
    words = words_of(request)
    return JSONResponse({"message": words("You have been signed out.")}, 401)


async def _step_up(request: Request, error: Exception) -> Response:
    assert isinstance(error, StepUpNeeded)
    if error.fields is not None:
        return await ask_to_prove(request, error.fields, error.max_age_seconds)
    return await begin(request, local_path(here(request)), error.max_age_seconds)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = error.headers or {}
    return await refusal(request, error.status_code, {name: headers[name] for name in _PASSED_ON if name in headers})


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    log.info("api_refused", status=error.status, problem=error.slug, api_trace_id=error.trace_id)
    if error.status == HTTPStatus.UNAUTHORIZED and not await _just_signed_in(request):
        request.state.user = None
        return await _sign_in(request, SignInNeeded(getattr(request.state, "sent", None)))
    return await _give_up(request, error.status)


async def _just_signed_in(request: Request) -> bool:
    user = await find_user(request)
    return user is not None and user.session.just_issued(context_of(request).clock.now())


async def _invalid(request: Request, _error: Exception) -> Response:
    return await refusal(request, 422)


async def _forged(request: Request, error: Exception) -> Response:
    """Give back a form from before another sign-in of the same user, to be sent again; refuse any other."""
    assert isinstance(error, ForgedForm)
    if _wants_json(request):
        return _signed_out(request)
    if back := await give_back(request, error.fields):
        return back
    user = await find_user(request)
    if error.from_us and user and error.fields.get("author", user.session.subject) == user.session.subject:
        return await ask_to_open_again(request, error.fields)
    return await refusal(request, 403)


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("api_unavailable", error=repr(error))
    await _read_form(request)
    return await _give_up(request, 503, {"Retry-After": "5"})


async def _database(request: Request, error: Exception) -> Response:
    if retry_after(error) is None:
        await _read_form(request)
        raise error
    return await _unavailable(request, error)


async def too_long(request: Request) -> Response:
    """The page for a body so long that nothing is read, not even the session: such requests are not counted."""
    request.state.user = None
    return await refusal(request, 413)


async def unexpected(request: Request) -> Response:
    """The page for a fault of ours, whose cause is logged."""
    return await _give_up(request, 500)


async def _read_form(request: Request) -> None:
    """Read what was sent, while that is possible: the session, which comes first, may be what failed."""
    if request.method == "POST":
        with suppress(HTTPException):  # too long, or not a form
            await fields_of(request)


async def _give_up(request: Request, status: int, headers: dict[str, str] | None = None) -> Response:
    """The page for what fails whatever the user does, with the form that was sent."""
    request.state.user = getattr(request.state, "user", None)  # the error page must not repeat the failing request
    returned = await _returned(request)
    response = await refusal(request, status, headers, returned)
    if returned and returned.key:
        context_of(request).cookies.set_form(request, response, returned.key)
    return response


async def _returned(request: Request) -> Returned | None:
    """The form that was sent; a script's is still on its page."""
    fields: dict[str, str] = getattr(request.state, "sent", {})
    if not {"page", "author"} <= fields.keys() or _wants_json(request) or by_script(request):
        return None
    try:
        return await return_form(request, fields)
    except UNREACHABLE:
        return Returned(fields)


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    SignInNeeded: _sign_in,
    ForgedForm: _forged,
    StepUpNeeded: _step_up,
    HTTPException: _http,
    RequestValidationError: _invalid,
    Problem: _problem,
    Transient: _unavailable,
    **dict.fromkeys(UNREACHABLE, _database),
}


def install_refusals(app: FastAPI) -> None:
    """Answer every refusal with a page; for anything else, `Failures` sends the page `unexpected`."""
    for kind, handle in _HANDLERS.items():
        app.add_exception_handler(kind, handle)

"""What a visitor is told when something cannot be done: always a page with a way out, never a stack trace."""

from collections.abc import Awaitable, Callable

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from case_shared.errors import Transient
from case_shared.postgres import UNREACHABLE
from case_shared.telemetry import current_trace_id
from portal_web.clients.rest import Problem
from portal_web.web.guard import by_script
from portal_web.web.preferences import local, words_of
from portal_web.web.rendering import render
from portal_web.web.signing import ask_to_sign_in, begin, give_back
from portal_web.web.visit import ForgedForm, SignInNeeded
from portal_web.web.words import Words

log = structlog.get_logger(__name__)
Told = tuple[str, str]


def told(status: int, words: Words) -> Told:
    """Title and advice for an HTTP status."""
    if status in {401, 403}:
        return words("You may not do this"), words("Ask your administrator for the right to it.")
    if status == 404:
        advice = words("It may have been deleted, or belong to a dealer that is not yours.")
        return words("There is no such page"), advice
    if status == 409:
        return words("This is not possible any more"), words("It has changed in the meantime. Look at it again.")
    if status == 413:
        return words("This is too long"), words("Shorten the text, and send it again.")
    if status < 500:
        return words("This cannot be done"), words("Go back, check what you entered, and try again.")
    if status == 503:
        advice = words("Nothing was lost. Wait a moment, and try again.")
        return words("The service does not answer right now"), advice
    return words("Something failed on our side"), words("It was recorded. Try again; nothing was done twice.")


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


async def refusal(request: Request, status: int, headers: dict[str, str] | None = None) -> Response:
    """The page for a status; to a script its words alone."""
    words = words_of(request)
    title, advice = told(status, words)
    if _wants_json(request):
        response: Response = JSONResponse({"message": f"{title}. {advice}"}, status)
    else:
        response = await render(
            request, "refusal.html", status, title=title, advice=advice, trace_id=current_trace_id()
        )
    response.headers.update(headers or {})
    return response


async def _sign_in(request: Request, error: Exception) -> Response:
    assert isinstance(error, SignInNeeded)
    if _wants_json(request):
        return _signed_out(request)
    if by_script(request) and error.fields is None:
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    if error.fields is not None:
        return await ask_to_sign_in(request, error.fields)
    query = f"?{request.url.query}" if request.url.query else ""
    return await begin(request, local(request.url.path + query))


def _signed_out(request: Request) -> Response:
    words = words_of(request)
    return JSONResponse({"message": words("You have been signed out.")}, 401)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return await refusal(request, error.status_code)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    log.info("api_refused", status=error.status, problem=error.slug, api_trace_id=error.trace_id)
    return await refusal(request, error.status)


async def _invalid(request: Request, _error: Exception) -> Response:
    return await refusal(request, 422)


async def _forged(request: Request, error: Exception) -> Response:
    """A form from before another sign-in of the same user comes back to be sent anew; nothing else does."""
    assert isinstance(error, ForgedForm)
    if _wants_json(request):
        return _signed_out(request)
    return await give_back(request, error.fields) or await refusal(request, 403)


async def _unavailable(request: Request, error: Exception) -> Response:
    log.warning("api_unavailable", error=repr(error))
    request.state.visit = getattr(request.state, "visit", None)  # the page must not ask what does not answer again
    return await refusal(request, 503, {"Retry-After": "5"})


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    request.state.visit = getattr(request.state, "visit", None)
    return await refusal(request, 500)


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    SignInNeeded: _sign_in,
    ForgedForm: _forged,
    HTTPException: _http,
    RequestValidationError: _invalid,
    Problem: _problem,
    Transient: _unavailable,
    **dict.fromkeys(UNREACHABLE, _unavailable),
    Exception: _unexpected,
}


def install_refusals(app: FastAPI) -> None:
    """Answer every refusal with a page."""
    for kind, handle in _HANDLERS.items():
        app.add_exception_handler(kind, handle)

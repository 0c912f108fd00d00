"""RFC 9457: errors of the REST APIs as `application/problem+json`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from prometheus_client import Counter
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from case_shared.database.errors import UNREACHABLE, retry_after
from case_shared.process.telemetry import current_trace_id

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_MOST_ERRORS = 50
_unavailable = Counter(
    "casebridge_database_unavailable_total", "Requests answered with 503 because of the database", ["state"]
)


class Kind(NamedTuple):
    """A problem type: its HTTP status and title, which never change, and whether Retry-After says when it passes."""

    status: int
    title: str
    retry: bool = False


# Every server of ours may answer with these; each service adds its own types.
COMMON = {
    "malformed-request": Kind(400, "The request is not valid HTTP"),
    "unauthorized": Kind(401, "Not authenticated"),
    "forbidden": Kind(403, "Not allowed"),
    "not-found": Kind(404, "Not found"),
    "method-not-allowed": Kind(405, "Method not allowed"),
    "request-timeout": Kind(408, "The request did not arrive in time"),
    "too-large": Kind(413, "The body is too large"),
    "invalid-request": Kind(422, "The request is not valid"),
    "too-many-requests": Kind(429, "Too many requests", retry=True),
    "headers-too-large": Kind(431, "The request's headers are too large"),
    "internal-error": Kind(500, "Something went wrong on our side"),
    "unavailable": Kind(503, "Temporarily unavailable", retry=True),
}


class FieldError(BaseModel):
    """What is wrong with one field. `pointer` is a JSON pointer into the body, or names a query parameter or header."""

    model_config = ConfigDict(frozen=True)

    pointer: str
    detail: str


class ProblemDocument(BaseModel):
    """The body of each error (RFC 9457). It may contain further fields."""

    model_config = ConfigDict(frozen=True, extra="allow")

    type: str = Field(
        pattern="^urn:casebridge:problem:[a-z-]+$",
        description="The type of the problem, which never changes. See docs/problems.md.",
    )
    title: str
    status: int = Field(ge=400, le=599)
    detail: str | None = Field(default=None, description="For people. The text may change.")
    errors: list[FieldError] | None = None
    trace_id: str | None = Field(
        default=None, pattern="^[0-9a-f]{32}$", description="The trace ID, which also appears in the logs."
    )
    current_etag: str | None = Field(default=None, description="For `version-changed`: the current ETag.")
    allowed_actions: list[str] | None = Field(default=None, description="For `not-allowed`: what is possible now.")


class Problem(Exception):
    """A request that is answered with an error; `slug` is its type in the catalog (docs/problems.md)."""

    def __init__(
        self,
        status: int,
        slug: str,
        title: str,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(detail or title)
        self.status, self.slug, self.title, self.detail = status, slug, title, detail
        self.errors, self.headers, self.extensions = errors, headers, extensions

    def response(self) -> Response:
        """Return the answer that reports it."""
        body = {
            "type": f"urn:casebridge:problem:{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "errors": [error.model_dump() for error in self.errors] or None,
            "trace_id": current_trace_id(),
            **self.extensions,
        }
        content = orjson.dumps({name: value for name, value in body.items() if value is not None}, default=str)
        return Response(content, self.status, dict(self.headers or {}), MEDIA_TYPE)


def invalid(errors: Sequence[FieldError], detail: str = "Correct the fields that errors names.") -> Problem:
    """Make a 422 with a pointer per field."""
    return Problem(422, "invalid-request", "The request is not valid", detail, errors=errors)


def no_version(current: str) -> str:
    """Say why If-Match cannot match whatever the version is; `current` is the current ETag."""
    return (
        f"If-Match names no version. Send the ETag as you got it, in quotes: {current}. A weak tag (W/) or * never "
        "matches; a proxy that compresses makes tags weak."
    )


def install_problems(app: FastAPI) -> None:
    """Answer every expected error of `app` with a problem document."""
    app.add_exception_handler(Problem, _own)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    for kind in UNREACHABLE:
        app.add_exception_handler(kind, _database)


def install_wording(app: FastAPI, wording: Mapping[type[Exception], Callable[[Any], Problem]]) -> None:
    """Answer each of these errors with the problem that its function words."""
    for kind, word in wording.items():
        app.add_exception_handler(kind, _worded(word))


def _worded(word: Callable[[Any], Problem]) -> Callable[[Request, Exception], Any]:
    async def handle(_request: Request, error: Exception) -> Response:
        return word(error).response()

    return handle


async def _own(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return invalid(field_errors(error.errors())).response()


def field_errors(errors: Sequence[Any]) -> list[FieldError]:
    """Turn pydantic's errors into field errors: `/contact/email` for the body, `?limit` and `If-Match` elsewhere.

    Of very many, the first ones are enough.
    """
    return [_field_error(error) for error in errors[:_MOST_ERRORS]]


def _field_error(error: Any) -> FieldError:
    if error["type"] == "json_invalid":  # FastAPI locates it by the character
        detail = f"The body is not valid JSON: {error['ctx']['error']} at character {error['loc'][-1]}."
        return FieldError(pointer="", detail=detail)
    if error["type"] == "missing" and tuple(error["loc"]) == ("body",):
        return FieldError(pointer="", detail="The request has no body. Send JSON.")
    return FieldError(pointer=_pointer(error["loc"]), detail=error["msg"])


def _pointer(location: Sequence[str | int]) -> str:
    place, *path = [str(part) for part in location] or ["body"]
    if place == "query":
        return "?" + ".".join(path)
    if place == "header":
        return ".".join(path)
    if place == "path":
        return ".".join(path)
    parts = path if place == "body" else [place, *path]
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        # Starlette names only the methods of the first route with this address.
        headers = {"Allow": ", ".join(_methods(request))}
        detail = f"Use {' or '.join(_methods(request))}."
        return Problem(405, "method-not-allowed", "Method not allowed", detail, headers=headers).response()
    slug = {404: "not-found", 408: "request-timeout", 413: "too-large"}.get(error.status_code)
    if slug is None:  # FastAPI's error for a body that is not text
        return invalid([FieldError(pointer="", detail="The body is not valid JSON.")]).response()
    why = None if slug == "not-found" else f"{error.detail}."  # Starlette's own "Not Found" adds nothing
    return Problem(error.status_code, slug, COMMON[slug].title, why, headers=error.headers).response()


def _methods(request: Request) -> list[str]:
    """Return the methods with which the address of `request` can be called."""
    routes = iter_route_contexts(request.app.routes)
    fitting = (route for route in routes if compile_path(str(route.path))[0].match(request.scope["path"]))
    return sorted({method for route in fitting for method in route.methods or ()})


async def _database(_request: Request, error: Exception) -> Response:
    """Answer 503 if the database cannot do it now; our own faults stay unexpected errors."""
    seconds = retry_after(error)
    if seconds is None:
        raise error
    state = getattr(error, "sqlstate", None)
    _unavailable.labels(state or type(error).__name__).inc()
    log.warning("database_unavailable", sqlstate=state, error=repr(error))
    detail = (
        "The database does not answer in time, or accepts no changes now. Repeat the request. With If-Match or an "
        "Idempotency-Key, it cannot take effect twice."
    )
    headers = {"Retry-After": str(seconds)}
    return Problem(503, "unavailable", "Temporarily unavailable", detail, headers=headers).response()


def unforeseen() -> Problem:
    """Make the 500 for an unexpected error."""
    detail = (
        "The error was logged with this trace_id. You can repeat the request. Everything that was acknowledged is safe."
    )
    return Problem(500, "internal-error", "Something went wrong on our side", detail)

"""RFC 9457: errors of the REST APIs as `application/problem+json`."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from case_shared.telemetry import current_trace_id

log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """What is wrong with one field; `pointer` is a JSON pointer into the body, or names a query parameter or header."""

    model_config = ConfigDict(frozen=True)

    pointer: str
    detail: str


class ProblemDocument(BaseModel):
    """The body of each error."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldError] | None = None
    trace_id: str | None = None


class Problem(Exception):
    """A request that is answered with an error; `slug` is its type in the catalogue (docs/problems.md)."""

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
        """The answer that tells it."""
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


def invalid(errors: Sequence[FieldError], detail: str = "The request has fields that are wrong or missing.") -> Problem:
    """422 with a pointer per field."""
    return Problem(422, "invalid-request", "The request is not valid", detail, errors=errors)


def install_problems(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document, and none with a stack trace."""
    app.add_exception_handler(Problem, _own)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _own(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return invalid(field_errors(error.errors())).response()


def field_errors(errors: Sequence[Any]) -> list[FieldError]:
    """Turn pydantic's errors into field errors: `/contact/email` for the body, `?limit` and `If-Match` elsewhere."""
    return [FieldError(pointer=_pointer(error["loc"]), detail=error["msg"]) for error in errors]


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


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    slugs = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
    slug = slugs.get(error.status_code, "http-error")
    return Problem(error.status_code, slug, str(error.detail), headers=error.headers).response()


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("request_failed", method=request.method, path=request.url.path, exc_info=error)
    detail = "It was logged with this trace_id; the request can be repeated. What was acknowledged is not lost."
    return Problem(500, "internal-error", "Something failed on our side", detail).response()

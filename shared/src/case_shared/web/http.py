"""What each of our HTTP servers has around its routes: pure ASGI, since BaseHTTPMiddleware halves the speed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from case_shared.process.settings import BODY_SECONDS, HttpSettings, names
from case_shared.web.docs import docs_routes
from case_shared.web.limits import RateLimits
from case_shared.web.observing import FASTAPIS_OWN, Observing
from case_shared.web.problems import Problem, install_problems, unforeseen

log = structlog.get_logger(__name__)
MAX_BODY_BYTES = 1024 * 1024
# What front ends of other origins may send and read, besides what browsers always allow.
SENT_HEADERS = (
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "Last-Event-ID",
    "Prefer",
    "traceparent",
)
ANSWERED_HEADERS = (
    "Content-Disposition",
    "ETag",
    "Idempotency-Replayed",
    "Location",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
)
_TOO_SLOW = "The body did not arrive in time"
_TOO_LARGE = f"The body may have at most {MAX_BODY_BYTES:,} bytes"
# What answers in place of a route.
Answer = Callable[[Request], Awaitable[Response]]


async def _too_large(_request: Request) -> Response:
    return Problem(413, "too-large", "The body is too large", f"{_TOO_LARGE}.").response()


class BodyLimit:
    """Answers 413 to a body longer than `MAX_BODY_BYTES`, whatever Content-Length says, and 408 to one that trickles.

    A body may take `seconds` from the first read. FastAPI's own limit (`max_body_size`) has no time limit, and its 413
    is not a problem document and replaces a 401. `answer` is for a body that need not be read to know its length.
    """

    def __init__(self, app: ASGIApp, seconds: float = BODY_SECONDS, answer: Answer = _too_large) -> None:
        self._app = app
        self._seconds = seconds
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its body is within the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > MAX_BODY_BYTES:
            response = await self._answer(Request(scope, receive))
            await response(scope, receive, send)
            return
        received, ends, complete = 0, 0.0, False

        async def counted() -> Message:
            nonlocal received, ends, complete
            if complete:  # what comes now says that the client hangs up
                return await receive()
            ends = ends or asyncio.get_running_loop().time() + self._seconds
            try:
                async with asyncio.timeout_at(ends):
                    message = await receive()
            except TimeoutError:
                # The rest may still arrive, so the connection cannot be reused.
                raise HTTPException(408, _TOO_SLOW, {"Connection": "close"}) from None
            complete = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                # FastAPI passes on only an HTTPException; any other failure while it reads a body becomes a 400.
                raise HTTPException(413, _TOO_LARGE)
            return message

        await self._app(scope, counted, send)


async def _problem(_request: Request) -> Response:
    return unforeseen().response()


class Failures:
    """Answers an unexpected error, by default with a problem that has the trace's ID, and logs it.

    Nobody sees a stack trace. A client that leaves before its request is complete gets no answer, and is no error. An
    exception handler for `Exception` would be outside of all middleware: its answer would lack the security headers,
    and it would have no trace.
    """

    def __init__(self, app: ASGIApp, answer: Answer = _problem) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; an answer that has begun can only be cut off."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except ClientDisconnect:
            log.info("client_left", method=scope["method"], path=scope["path"])
        except Exception as error:
            if begun:
                raise
            log.error("request_failed", method=scope["method"], path=scope["path"], exc_info=error)
            response = await self._answer(Request(scope, receive))
            await response(scope, receive, send)


class SecurityHeaders:
    """Adds headers that forbid browsers to guess types, cache, frame and pass on; a route's own headers stay."""

    def __init__(self, app: ASGIApp, settings: HttpSettings) -> None:
        self._app = app
        self._headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", b"no-store"),
        ]
        if settings.hsts_seconds:
            lifetime = b"max-age=%d; includeSubDomains" % settings.hsts_seconds
            self._headers.append((b"strict-transport-security", lifetime))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = dict(message["headers"])
                more = [header for header in self._headers if header[0] not in present]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._app(scope, receive, secured)


def _allow_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Let front ends of these origins call with a bearer token, never with cookies."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PATCH", "DELETE"],
        allow_headers=SENT_HEADERS,
        expose_headers=ANSWERED_HEADERS,
        allow_credentials=False,
        max_age=600,
    )


def create_app(
    title: str,
    description: str,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
    settings: HttpSettings | None = None,
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """Make a FastAPI application of these routers, with what every server of ours has around its routes.

    Without `settings` it has their defaults: no other origin, no HSTS.
    """
    settings = settings or HttpSettings()
    app = FastAPI(
        title=title,
        version="1",
        description=description,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        telemetry=FASTAPIS_OWN,
    )
    for router in (*routers, docs_routes(title)):
        app.include_router(router)
    app.state.rate_limits = RateLimits()  # no limits until the service's wiring sets its own
    install_problems(app)
    app.add_middleware(BodyLimit, seconds=settings.body_timeout_seconds)
    app.add_middleware(Failures)
    if settings.cors_origins:
        _allow_origins(app, names(settings.cors_origins))
    app.add_middleware(SecurityHeaders, settings=settings)
    app.add_middleware(Observing)
    return app

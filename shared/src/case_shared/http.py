"""What each HTTP server of ours has around its routes: pure ASGI, since BaseHTTPMiddleware halves the speed."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from opentelemetry.trace import SpanKind
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from case_shared import telemetry
from case_shared.docs import docs_routes
from case_shared.problems import Problem, install_problems, unforeseen
from case_shared.settings import HttpSettings, names

log = structlog.get_logger(__name__)
MAX_BODY_BYTES = 1024 * 1024
# What front ends of other origins may send and read, beside what browsers always allow.
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
    "Retry-After",
    "WWW-Authenticate",
)
_TOO_LARGE = f"A body may have {MAX_BODY_BYTES} bytes at most"


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header `name` (in lower case) of a request, or None."""
    for key, value in scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return None


class BodyLimit:
    """Answers 413 where a body is longer than `MAX_BODY_BYTES`, told or not by Content-Length."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its body is within the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = header(scope, b"content-length") or b"0"
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            await _too_large(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                # FastAPI passes on an HTTPException alone; what else fails while it reads a body it calls a 400.
                raise HTTPException(413, _TOO_LARGE)
            return message

        await self._app(scope, counted, send)


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    problem = Problem(413, "too-large", _TOO_LARGE)
    await problem.response()(scope, receive, send)


class Tracing:
    """Runs each request in a server span, a child of the caller's `traceparent` where it sends one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open the span around the request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        traceparent = header(scope, b"traceparent")
        name = f"{scope['method']} {scope['path']}"
        with telemetry.span(
            name, traceparent=traceparent.decode("latin-1") if traceparent else None, kind=SpanKind.SERVER
        ):
            await self._app(scope, receive, send)


class Failures:
    """Answers what nobody foresaw with a problem that has the trace's id, and logs it; never with a stack trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; an answer that has begun can only be broken off."""
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
        except Exception as error:
            if begun:
                raise
            log.error("request_failed", method=scope["method"], path=scope["path"], exc_info=error)
            await unforeseen().response()(scope, receive, send)


class SecurityHeaders:
    """Puts on each answer what tells browsers to show, keep, frame and pass on nothing; a route's own headers stay."""

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
        """Pass the request on, and its answer with the headers."""
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
    """Let front ends of these origins call, by bearer token: never with cookies."""
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
    """A FastAPI application with what every server of ours has around the routes of `routers`, which are the service's.

    Without `settings` it has their defaults: no other origin, no HSTS.
    """
    settings = settings or HttpSettings()
    app = FastAPI(
        title=title,
        version="1",
        description=description,
        lifespan=lifespan,
        # One flat list, the service's own first: of a router that is included FastAPI tries each route twice, and that
        # was a fifth of a request.
        routes=[route for router in (*routers, docs_routes(title)) for route in router.routes],
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        # `Tracing` makes the request's span; FastAPI's own would be four more, at a tenth of a request's cost, and they
        # quote what went wrong.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    install_problems(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(Failures)
    app.add_middleware(Tracing)
    if settings.cors_origins:
        _allow_origins(app, names(settings.cors_origins))
    app.add_middleware(SecurityHeaders, settings=settings)
    return app

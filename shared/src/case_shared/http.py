"""What each HTTP server of ours has around its routes: pure ASGI, since BaseHTTPMiddleware halves the speed."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI
from opentelemetry.trace import SpanKind
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from case_shared import telemetry
from case_shared.problems import Problem, install_problems

MAX_BODY_BYTES = 1024 * 1024
_TOO_LARGE = f"A body may have {MAX_BODY_BYTES} bytes at most"


def header(scope: Scope, name: bytes) -> bytes | None:
    """The last header `name` (in lower case) of a request, or None."""
    found = None
    for key, value in scope["headers"]:
        if key == name:
            found = value
    return found


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


def create_app(
    title: str, description: str, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]
) -> FastAPI:
    """A FastAPI application with problem documents, a body limit and tracing; routes are the service's."""
    app = FastAPI(
        title=title,
        version="1",
        description=description,
        lifespan=lifespan,
        redirect_slashes=False,
        # `Tracing` makes the request's span; FastAPI's own would be four more, at a tenth of a request's cost.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    install_problems(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(Tracing)
    return app

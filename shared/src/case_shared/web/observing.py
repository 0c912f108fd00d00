"""Measures and traces each request. Pure ASGI, and one wrapper of `send` for both."""

from functools import cache
from time import perf_counter

from fastapi.telemetry import TelemetryConfig
from opentelemetry.trace import Span, SpanKind, StatusCode
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from case_shared.process import telemetry

# Clients may make up methods and addresses: neither becomes a label.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD, UNMATCHED = "_OTHER", "unmatched"
# Monitoring asks for these every few seconds: a trace of them says nothing.
UNTRACED = frozenset({"/healthz", "/readyz", "/metrics"})
# FastAPI's own spans contain the query, and so what people search for, sign-in codes and the events' secret.
FASTAPIS_OWN: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
_LABELS = ["route", "method"]
_requests = Counter(
    "casebridge_http_requests_total", "Requests by the class of their status (2xx)", [*_LABELS, "status"]
)
_seconds = Histogram(
    "casebridge_http_request_duration_seconds",
    "Time until the response began",
    _LABELS,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


class Observing:
    """Counts and times each request, and runs it in a server span: a child of the caller's `traceparent`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] in UNTRACED:
            await self._measured(scope, receive, send, None)
        else:
            method = _method(scope)
            attributes = {
                "http.request.method": method,
                "url.path": scope["path"],
                "url.scheme": scope.get("scheme", "http"),
            }
            traceparent = Headers(scope=scope).get("traceparent")
            with telemetry.span(method, traceparent=traceparent, kind=SpanKind.SERVER, attributes=attributes) as span:
                await self._measured(scope, receive, send, span)

    async def _measured(self, scope: Scope, receive: Receive, send: Send, span: Span | None) -> None:
        began, begun = perf_counter(), False

        async def noted(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _note(scope, message["status"], perf_counter() - began, span)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            if not begun:  # uvicorn answers with 500
                _note(scope, 500, perf_counter() - began, span)
            raise


def _note(scope: Scope, status: int, seconds: float, span: Span | None) -> None:
    # Known by now, because the router has chosen it: the route's template, never the address.
    route = getattr(scope.get("route"), "path", None)
    method = _method(scope)
    counter, histogram = _children(route or UNMATCHED, method, status // 100)
    counter.inc()
    histogram.observe(seconds)
    if span is not None and span.is_recording():
        if route:
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        if status >= 500:
            span.set_attribute("error.type", str(status))
            span.set_status(StatusCode.ERROR)


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in METHODS else OTHER_METHOD


@cache
def _children(route: str, method: str, status_class: int) -> tuple[Counter, Histogram]:
    return _requests.labels(route, method, f"{status_class}xx"), _seconds.labels(route, method)

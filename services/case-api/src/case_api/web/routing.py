"""Routes that FastAPI describes and we call: solving a dependency and a text of the path is half of what it costs."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from case_api.web.access import CallFor
from case_api.web.conditions import wait_seconds
from case_api.web.context import context_of


class CallRoute(APIRoute):
    """A route that takes no more than its `call`, the request and texts of the path is called as it is.

    Its OpenAPI, and all else about a route that takes more, is FastAPI's. What it answers is a `Response`. Each has its
    time: what takes longer (the database is away, or a row is locked) raises `TimeoutError`. A stream that has begun
    may go on.
    """

    # FastAPI's own ask each time whether the route stands in a router that was included, which none does.
    matches = Route.matches
    handle = Route.handle

    def __init__(self, path: str, endpoint: Callable[..., Any], **described: Any) -> None:
        super().__init__(path, endpoint, **described)
        hints = get_type_hints(endpoint, include_extras=True)
        admit = next((made.dependency for made in getattr(hints.get("call"), "__metadata__", ())), None)
        names = set(inspect.signature(endpoint).parameters) - {"call", "request"}
        if isinstance(admit, CallFor) and names <= set(self.param_convertors) and not self.dependencies:
            self.app = _called(endpoint, admit, frozenset(names), with_request="request" in hints)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, within the route's time."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            async with _its_time(request):
                return await handler(request)

        return handle


def _called(endpoint: Callable[..., Any], admit: CallFor, names: frozenset[str], *, with_request: bool) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        path = request.path_params
        arguments = {name: path[name] for name in names}
        if with_request:
            arguments["request"] = request
        async with _its_time(request):
            response: Response = await endpoint(call=await admit(request, path["dealer"]), **arguments)
        await response(scope, receive, send)

    return app


def _its_time(request: Request) -> asyncio.Timeout:
    return asyncio.timeout(context_of(request).request_seconds + wait_seconds(request))

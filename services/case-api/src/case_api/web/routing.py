"""Routes that FastAPI describes and we call: solving a dependency and a text of the path is half of what it costs."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

from fastapi import Request, Response
from fastapi.routing import APIRoute

from case_api.web.access import CallFor
from case_api.web.conditions import wait_seconds
from case_api.web.context import context_of

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class CallRoute(APIRoute):
    """A route that takes no more than its `call`, the request and texts of the path is called as it is.

    Its OpenAPI, and all else about a route that takes more, is FastAPI's. What it answers is a `Response`. Each has its
    time: what takes longer (the database is away, or a row is locked) raises `TimeoutError`. A stream that has begun
    may go on.
    """

    def get_route_handler(self) -> _Handler:
        """The handler of each request."""
        hints = get_type_hints(self.endpoint, include_extras=True)
        admit = next((made.dependency for made in getattr(hints.get("call"), "__metadata__", ())), None)
        names = set(inspect.signature(self.endpoint).parameters) - {"call", "request"}
        if not isinstance(admit, CallFor) or not names <= set(self.param_convertors) or self.dependencies:
            return _in_time(super().get_route_handler())
        return _in_time(_handler(self.endpoint, admit, frozenset(names), with_request="request" in hints))


def _in_time(handler: _Handler) -> _Handler:
    async def handle(request: Request) -> Response:
        async with asyncio.timeout(context_of(request).request_seconds + wait_seconds(request)):
            return await handler(request)

    return handle


def _handler(endpoint: Callable[..., Any], admit: CallFor, names: frozenset[str], *, with_request: bool) -> _Handler:
    async def handle(request: Request) -> Response:
        path = request.path_params
        arguments = {name: path[name] for name in names}
        if with_request:
            arguments["request"] = request
        response: Response = await endpoint(call=await admit(request, path["dealer"]), **arguments)
        return response

    return handle

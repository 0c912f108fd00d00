"""Routes that answer in time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response

from case_api.web.conditions import wait_seconds
from case_api.web.context import context_of
from case_shared.web.auth import TokenFirst


class TimedRoute(TokenFirst):
    """A route whose handler raises `TimeoutError` if it takes too long: the database is away, or a row is locked.

    A stream that has begun may go on.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, bounded by the route's time."""
        handle = super().get_route_handler()

        async def handle_in_time(request: Request) -> Response:
            async with asyncio.timeout(context_of(request).request_seconds + wait_seconds(request)):
                return await handle(request)

        return handle_in_time

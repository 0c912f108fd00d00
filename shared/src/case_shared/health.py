"""Health by progress: a loop that is stuck makes `/healthz` fail; `/readyz` asks what the service needs."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from case_shared.clock import Clock
from case_shared.postgres import UNREACHABLE

Check = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class Heartbeats:
    """When each loop of this process last made progress.

    A loop that waits on purpose (a standby, an open breaker, a pause) beats too: only one that is stuck does not.
    """

    clock: Clock
    _last: dict[str, float] = field(default_factory=dict)
    _limits: dict[str, float] = field(default_factory=dict)

    def expect(self, loop: str, *, within_seconds: float) -> None:
        """Count `loop` among those that must beat at least every `within_seconds`."""
        self._limits[loop] = within_seconds
        self.beat(loop)

    def beat(self, loop: str) -> None:
        """Tell that `loop` has made progress now."""
        self._last[loop] = self.clock.monotonic()

    def forget(self, loop: str) -> None:
        """Stop expecting `loop`: it ended on purpose."""
        self._limits.pop(loop, None)

    @contextmanager
    def during(self, work: str, *, within_seconds: float) -> Iterator[None]:
        """Expect the block to end within `within_seconds`; nothing is expected of `work` while it does not run."""
        self.expect(work, within_seconds=within_seconds)
        try:
            yield
        finally:
            self.forget(work)

    def stuck(self) -> dict[str, float]:
        """Seconds since the last beat of each loop that is silent for longer than it may be."""
        now = self.clock.monotonic()
        silences = {loop: now - self._last[loop] for loop in self._limits}
        return {loop: round(silence, 1) for loop, silence in silences.items() if silence > self._limits[loop]}


def health_routes(
    heartbeats: Heartbeats, checks: Mapping[str, Check], told: Mapping[str, Check] = MappingProxyType({})
) -> APIRouter:
    """Routes `/healthz` (the loops), `/readyz` (each of `checks`, at most two seconds each) and `/metrics`.

    Checks in `told` are shown by `/readyz` too, but without them the service is ready all the same.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> Response:
        stuck = heartbeats.stuck()
        return JSONResponse({"healthy": not stuck, "stuck_seconds": stuck}, 503 if stuck else 200)

    @router.get("/readyz")
    async def readyz() -> Response:
        asked = {**checks, **told}
        answers = await asyncio.gather(*(_passes(check) for check in asked.values()))
        results = dict(zip(asked, answers, strict=True))
        ready = all(results[name] for name in checks)
        return JSONResponse({"ready": ready, "checks": results}, 200 if ready else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


async def _passes(check: Check) -> bool:
    try:
        async with asyncio.timeout(2):
            return await check()
    except UNREACHABLE:
        return False

"""Routes for monitoring: `/healthz` (stuck loops), `/readyz` (what the service needs) and `/metrics`."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import SecretStr

from case_shared.database.errors import UNREACHABLE
from case_shared.process.heartbeats import Heartbeats, NotReady
from case_shared.process.safe_settings import is_local

# Some load balancers and uptime monitors probe with HEAD.
_PROBING = ["GET", "HEAD"]
_PROXIED = {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"}
Check = Callable[[], Awaitable[bool]]


def health_routes(
    heartbeats: Heartbeats,
    checks: Mapping[str, Check],
    shown: Mapping[str, Check] = MappingProxyType({}),
    *,
    metrics_token: SecretStr | None = None,
) -> APIRouter:
    """Make routes `/healthz` (the loops), `/readyz` (each of `checks`, two seconds each at most) and `/metrics`.

    `/readyz` also shows the checks in `shown`, which do not affect readiness. If a check raises `NotReady`, `reasons`
    shows its message. `/metrics` answers this machine and callers that send `metrics_token`; others get 404.
    A service that is about to stop is not ready.
    """
    router = APIRouter(include_in_schema=False)

    @router.api_route("/healthz", methods=_PROBING)
    async def healthz() -> Response:
        stuck = heartbeats.stuck()
        return JSONResponse({"healthy": not stuck, "stuck_seconds": stuck}, 503 if stuck else 200)

    @router.api_route("/readyz", methods=_PROBING)
    async def readyz(request: Request) -> Response:
        if getattr(request.app.state, "draining", False):
            return JSONResponse({"ready": False, "checks": {}, "reasons": {"service": "It is about to stop."}}, 503)
        asked = {**checks, **shown}
        answers = await asyncio.gather(*(_fails(check) for check in asked.values()))
        results = {name: answer is None for name, answer in zip(asked, answers, strict=True)}
        reasons = {name: answer for name, answer in zip(asked, answers, strict=True) if answer}
        ready = all(results[name] for name in checks)
        return JSONResponse({"ready": ready, "checks": results, "reasons": reasons}, 200 if ready else 503)

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        if not _may_scrape(request, metrics_token):
            return Response(status_code=404)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def _may_scrape(request: Request, token: SecretStr | None) -> bool:
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer":
        return secrets.compare_digest(sent.strip().encode(), token.get_secret_value().encode())
    # A proxy on this machine forwards requests of others.
    direct = not _PROXIED & {name.lower() for name in request.headers}
    return direct and request.client is not None and is_local(request.client.host)


async def _fails(check: Check) -> str | None:
    """Return why `check` does not pass, "" if it does not say; None if it passes."""
    try:
        async with asyncio.timeout(2):
            return None if await check() else ""
    except NotReady as error:
        return str(error)
    except UNREACHABLE:
        return ""

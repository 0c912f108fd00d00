"""The composition root: what portal-web is made of, and how it starts and stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import httpx2
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from case_shared import service
from case_shared.auth import TokenVerifier
from case_shared.clock import SystemClock
from case_shared.health import Heartbeats, health_routes
from case_shared.http import BodyLimit, Tracing
from case_shared.loops import finish, run_loop, start
from case_shared.postgres import Pool, close_pool
from portal_web.app.choices import KnowingChoices
from portal_web.app.keep_session import KeepingSession
from portal_web.app.sign_in import SigningIn
from portal_web.clients.provider import OidcProvider
from portal_web.postgres.session_store import PostgresSessionStore
from portal_web.settings import Settings
from portal_web.web import assets, case_form, case_view, cases, console, live, preferences, signing
from portal_web.web.context import Context
from portal_web.web.cookies import Cookies
from portal_web.web.guard import Guard
from portal_web.web.refusals import install_refusals

_SWEEP_SECONDS = 300.0
_DRAIN_SECONDS = 5.0
_SMALLEST_COMPRESSED_BYTES = 500
PAGES = (signing, preferences, assets, cases, live, case_form, case_view, console)


def build_app(settings: Settings) -> FastAPI:
    """The application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            pool = await service.open_pool(settings, service="portal-web")
            stack.push_async_callback(close_pool, pool)
            keys = await stack.enter_async_context(aiohttp.ClientSession())
            http = await stack.enter_async_context(httpx2.AsyncClient(follow_redirects=False))
            clock, stopping = SystemClock(), asyncio.Event()
            heartbeats = Heartbeats(clock)
            context, id_tokens = compose(settings, pool, keys, http, clock)
            app.state.context, app.state.stop, app.state.stopping = context, stopping.set, stopping

            async def database_answers() -> bool:
                return bool(await pool.fetchval("SELECT true"))

            app.include_router(health_routes(heartbeats, {"database": database_answers}))
            tasks = start(
                {
                    "keys": id_tokens.keep_keys(stopping),
                    "sweep": run_loop(
                        "sweep",
                        context.store.delete_expired,
                        every_seconds=_SWEEP_SECONDS,
                        stopping=stopping,
                        heartbeats=heartbeats,
                    ),
                }
            )
            try:
                yield
            finally:
                await finish(stopping, tasks, within_seconds=_DRAIN_SECONDS)

    app = FastAPI(title="Casebridge portal", lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    install_refusals(app)
    for pages in PAGES:
        app.include_router(pages.router)
    app.add_middleware(GZipMiddleware, minimum_size=_SMALLEST_COMPRESSED_BYTES)
    app.add_middleware(BodyLimit)
    app.add_middleware(Guard, public_url=settings.public_url)
    app.add_middleware(Tracing)
    return app


def compose(
    settings: Settings, pool: Pool, keys: aiohttp.ClientSession, http: httpx2.AsyncClient, clock: SystemClock
) -> tuple[Context, TokenVerifier]:
    """What the routes work with, and what checks ID tokens: their audience is this client."""
    id_tokens = TokenVerifier(settings.model_copy(update={"oidc_audience": settings.oidc_client_id}), keys, clock)
    provider = OidcProvider(settings, http, id_tokens, clock)
    store = PostgresSessionStore(pool)
    cookies = Cookies(settings.secure, urlsplit(settings.public_url).port or 80, settings.session_hours)
    context = Context(
        settings=settings,
        http=http,
        sessions=KeepingSession(store, provider, clock),
        signing_in=SigningIn(store, provider, settings.session_hours),
        store=store,
        choices=KnowingChoices(clock),
        cookies=cookies,
        clock=clock,
    )
    return context, id_tokens

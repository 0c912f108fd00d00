"""The composition root: builds portal-web, starts and stops it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import httpx2
from fastapi import Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from case_shared.database.postgres import Pool, close_pool, takes_writes
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loop_delay import measure_loop_delay
from case_shared.process.loops import finish, run_loop, start
from case_shared.web import service
from case_shared.web.auth import TokenVerifier
from case_shared.web.health import health_routes
from case_shared.web.http import BodyLimit, Failures
from case_shared.web.limits import Limit
from case_shared.web.observing import FASTAPIS_OWN, Observing
from portal_web.app.choices import KnowingChoices
from portal_web.app.keep_form import KeepingForms
from portal_web.app.keep_session import KeepingSession
from portal_web.app.live_hub import LiveHub
from portal_web.app.save_new import SavingNew
from portal_web.app.sign_in import SigningIn
from portal_web.clients.provider import OidcProvider
from portal_web.clients.rest import MOST_CONNECTIONS, MOST_STREAMS, Load, connections
from portal_web.postgres.begun_store import PostgresBegunStore
from portal_web.postgres.session_store import PostgresSessionStore
from portal_web.settings import Settings
from portal_web.web import (
    assets,
    back_channel,
    case_form,
    case_view,
    cases,
    console,
    live,
    preferences_page,
    rendering,
    signing,
)
from portal_web.web.context import Context, PageLimits
from portal_web.web.cookies import Cookies
from portal_web.web.limits import counted
from portal_web.web.protection import Protection
from portal_web.web.refusals import install_refusals, too_long, unexpected

_SWEEP_SECONDS = 300.0
_DRAIN_SECONDS = 5.0
_SMALLEST_COMPRESSED_BYTES = 500
PAGES = (signing, back_channel, preferences_page, assets, cases, live, case_form, case_view, console)
# Files may be asked for as often as one likes: they are in memory, and browsers keep them. The provider's address is
# that of all users who sign out.
UNCOUNTED = (assets, back_channel)


def build_app(settings: Settings) -> FastAPI:
    """The application."""
    app = FastAPI(
        title="Casebridge portal",
        lifespan=_lifespan(settings),
        openapi_url=None,
        redirect_slashes=False,
        telemetry=FASTAPIS_OWN,
    )
    install_refusals(app)
    for pages in PAGES:
        app.include_router(pages.router, dependencies=[] if pages in UNCOUNTED else [Depends(counted)])
    app.add_middleware(GZipMiddleware, minimum_size=_SMALLEST_COMPRESSED_BYTES)
    app.add_middleware(BodyLimit, seconds=settings.body_timeout_seconds, answer=too_long)
    app.add_middleware(Failures, answer=unexpected)
    app.add_middleware(Protection, public_url=settings.public_url, hsts_seconds=settings.hsts_seconds)
    app.add_middleware(Observing)
    return app


def _lifespan(settings: Settings) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Open what is needed and start the loops, until the service stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            pool = await service.open_pool(settings, service="portal-web")
            stack.push_async_callback(close_pool, pool)
            keys = await stack.enter_async_context(aiohttp.ClientSession())
            http = await stack.enter_async_context(connections(MOST_CONNECTIONS))
            streams = await stack.enter_async_context(connections(MOST_STREAMS))
            clock, stopping = SystemClock(), asyncio.Event()
            await asyncio.to_thread(rendering.prepare)
            heartbeats = Heartbeats(clock)
            context, id_tokens = compose(settings, pool, keys, http, clock, streams)
            app.state.context, app.state.stop, app.state.stopping = context, stopping.set, stopping

            async def database_answers() -> bool:
                return await takes_writes(pool)

            async def connections_left() -> bool:
                return not context.load.exhausted

            checks = {"database": database_answers, "connections": connections_left}
            app.include_router(health_routes(heartbeats, checks, metrics_token=settings.metrics_token))
            tasks = start(
                {
                    "keys": id_tokens.keep_keys(stopping),
                    "loop_delay": measure_loop_delay(stopping),
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

    return lifespan


def compose(
    settings: Settings,
    pool: Pool,
    keys: aiohttp.ClientSession,
    http: httpx2.AsyncClient,
    clock: SystemClock,
    streams: httpx2.AsyncClient | None = None,
) -> tuple[Context, TokenVerifier]:
    """Build what the routes need, and the verifier of ID tokens, whose audience is this client.

    Without `streams`, long answers use `http`.
    """
    id_tokens = TokenVerifier(settings.model_copy(update={"oidc_audience": settings.oidc_client_id}), keys, clock)
    provider = OidcProvider(settings, http, id_tokens, clock)
    store = PostgresSessionStore(pool, settings.session_idle_minutes)
    cookies = Cookies(settings.secure, urlsplit(settings.public_url).port or 80, settings.session_hours)
    context = Context(
        settings=settings,
        http=http,
        streams=streams or http,
        load=Load(),
        limits=PageLimits(
            Limit("user", settings.rate_limit_user_per_minute), Limit("address", settings.rate_limit_address_per_minute)
        ),
        live=LiveHub(settings.live_pages_per_user, settings.live_pages_per_dealer),
        sessions=KeepingSession(store, provider, clock),
        signing_in=SigningIn(store, provider, KeepingForms(store, clock), settings.session_hours),
        saving_new=SavingNew(PostgresBegunStore(pool)),
        store=store,
        choices=KnowingChoices(clock),
        cookies=cookies,
        clock=clock,
    )
    return context, id_tokens

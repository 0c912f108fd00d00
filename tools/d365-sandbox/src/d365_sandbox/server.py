"""Assembles the parts and serves until SIGTERM or SIGINT."""

import asyncio
import contextlib
import errno
import random
import signal
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from d365_sandbox import clerk_api, control_api, page, seed
from d365_sandbox.cases import Books
from d365_sandbox.clerk import Clerk
from d365_sandbox.clerk_api import ClerkApi
from d365_sandbox.control_api import ControlApi
from d365_sandbox.data_api import DataApi
from d365_sandbox.entra.assertions import Credentials, read_certificate, read_federation
from d365_sandbox.entra.tokens import Tokens
from d365_sandbox.environment import Environment
from d365_sandbox.event_sender import Endpoint, KafkaEndpoint, Sender
from d365_sandbox.events import EventLog
from d365_sandbox.fault_answers import FaultPerformer
from d365_sandbox.fault_store import FaultKeeper
from d365_sandbox.faults import FaultRegistry
from d365_sandbox.front import Front
from d365_sandbox.https_endpoint import HttpsEndpoint
from d365_sandbox.record_parts import RecordParts
from d365_sandbox.request_log import RequestLog
from d365_sandbox.settings import Settings
from d365_sandbox.store import Store
from d365_sandbox.writes import Writer

MAX_BODY_BYTES = 4 * 1024 * 1024
STOP_SECONDS = 0.5

log = structlog.get_logger()


class PortTaken(Exception):
    """The sandbox cannot listen on the address."""


@dataclass(slots=True)
class Sandbox:
    """All parts of a running sandbox."""

    settings: Settings
    store: Store
    books: Books
    clerk: Clerk
    front: Front
    senders: list[Sender]
    runner: web.AppRunner
    tls: ssl.SSLContext | None
    site: web.TCPSite | None = None
    port: int = 0

    async def start(self) -> None:
        """Listens; raises `PortTaken`."""
        if not self.port:
            await self.runner.setup()
        site = web.TCPSite(
            self.runner, self.settings.host, self.port or self.settings.port, reuse_address=True, ssl_context=self.tls
        )
        try:
            await site.start()
        except OSError as error:
            reason = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
            raise PortTaken(
                f"port {self.settings.port} on {self.settings.host} {reason}: choose another with SANDBOX_PORT or "
                "--port"
            ) from error
        self.site = site
        self.port = self.runner.addresses[0][1]

    async def refuse(self, seconds: float) -> None:
        """Closes the listening socket and every connection, and listens again after `seconds`."""
        if self.site is not None:
            await self.site.stop()
        for connection in list(self.runner.server.connections if self.runner.server else ()):
            connection.force_close()
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(seconds)
        await self.start()


def build(settings: Settings) -> Sandbox:
    """The composition root; raises `DataFileUnusable` and `CredentialUnusable`."""
    environment = Environment(settings.setup)
    store = Store(settings.data_file, environment.catalog)
    draw = random.Random(settings.seed)  # noqa: S311 (faults, not secrets)
    faults = FaultKeeper(FaultRegistry(chance=draw.random), store, tuple(settings.initial_faults))
    senders = _senders(settings, store, environment)
    wake = _waker(senders)
    events = EventLog(settings.endpoints, faults.registry, lambda: store.after_commit(wake), draw)
    books = Books(environment, events)
    tokens = Tokens(
        store, environment, settings.client_id, settings.client_secret, _credentials(settings),
        settings.token_lifetime_seconds,
    )  # fmt: skip
    requests = RequestLog(settings.request_log_size)
    parts = RecordParts(store, environment)
    data = DataApi(store, books, Writer(books), parts, tokens, settings.max_query_bytes)
    front = Front(data, tokens, faults, FaultPerformer(settings.timeout_seconds), requests, settings.latency_seconds)
    clerk = Clerk(store, books, settings.clerk == "auto", settings.clerk_step_seconds)
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_refuse_other_sites])
    sandbox = Sandbox(settings, store, books, clerk, front, senders, _runner(app, settings), settings.tls)
    api = ControlApi(store, clerk, faults, tokens, requests, settings.customers, wake, sandbox.refuse)
    _add_routes(app.router, front, api)
    return sandbox


def _credentials(settings: Settings) -> Credentials:
    certificates = read_certificate(settings.client_certificate) if settings.client_certificate else {}
    issuer, subject, keys = settings.federated_issuer, settings.federated_subject, settings.federated_keys
    return Credentials(certificates, read_federation(issuer, subject, keys) if issuer and keys else None)


def _runner(app: web.Application, settings: Settings) -> web.AppRunner:
    line = settings.max_query_bytes * 2 + 8192
    return web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS, max_line_size=line)


def _add_routes(router: web.UrlDispatcher, front: Front, api: ControlApi) -> None:
    for version in ("", "/v2.0"):
        router.add_post(f"/oauth2{version}/token", front.handle_token)
        router.add_post(f"/{{tenant}}/oauth2{version}/token", front.handle_token)
        router.add_get(f"/{{tenant}}{version}/.well-known/openid-configuration", front.handle_discovery)
    router.add_route("*", "/data", front.handle_data)
    router.add_route("*", "/data/{path:.*}", front.handle_data)
    router.add_route("*", "/{metadata:[Mm]etadata}", front.handle_data)
    router.add_route("*", "/{metadata:[Mm]etadata}/{path:.*}", front.handle_data)
    control_api.add_routes(router, api)
    clerk_api.add_routes(router, ClerkApi(api.store, api.clerk))
    page.add_routes(router, api)


def _senders(settings: Settings, store: Store, environment: Environment) -> list[Sender]:
    timeout, secret = settings.events_timeout_seconds, settings.events_https_secret
    endpoints: dict[str, Endpoint] = {
        "kafka": KafkaEndpoint(settings.kafka_connection, settings.events_topic, timeout),
        "https": HttpsEndpoint(settings.events_https_url, secret, timeout, lambda: environment.setup),
    }
    return [
        Sender(store, endpoints[name], settings.events_retries, settings.events_retry_seconds, environment.now)
        for name in settings.endpoints
    ]


def _waker(senders: list[Sender]) -> Callable[[], None]:
    def wake() -> None:
        for sender in senders:
            sender.wake()

    return wake


@web.middleware
async def _refuse_other_sites(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse pages of other sites in the same browser: the control API has no password."""
    if request.method != "GET" and request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        raise web.HTTPForbidden(text="requests from other sites are not allowed")
    return await handler(request)


@contextlib.asynccontextmanager
async def running(sandbox: Sandbox) -> AsyncIterator[None]:
    """Run the server and its loops within the block."""
    store, settings = sandbox.store, sandbox.settings
    loops = [asyncio.create_task(store.run())]
    try:
        sandbox.books.environment.load(store)
        if store.is_new:
            await store.submit(lambda connection: seed.sow(connection, sandbox.books, settings.customers))
        sandbox.front.tokens.load()
        sandbox.front.faults.load()
        await sandbox.start()
        loops += [asyncio.create_task(sandbox.clerk.run()), *(asyncio.create_task(s.run()) for s in sandbox.senders)]
        yield
    finally:
        await sandbox.runner.cleanup()
        await sandbox.front.performer.close()
        await _cancel(loops)
        await store.flush()
        for sender in sandbox.senders:
            await sender.endpoint.close()
        store.close()


async def _cancel(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def serve(settings: Settings) -> None:
    """Serves until a signal; raises `PortTaken` and `DataFileUnusable`."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sandbox = build(settings)
    async with running(sandbox):
        scheme = "https" if sandbox.tls else "http"
        log.info("listening", url=f"{scheme}://{settings.host}:{sandbox.port}", data_file=str(settings.data_file))
        await stop.wait()
        log.info("stopping")

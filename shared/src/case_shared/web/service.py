"""The life of a service's process: serve until SIGTERM or SIGINT, drain, exit with 0."""

import asyncio
import contextlib
import errno
import gc
import logging
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI

from case_shared.database.errors import UNREACHABLE
from case_shared.database.postgres import Pool, create_pool, measure_pool
from case_shared.process import fault_points, telemetry
from case_shared.process.loops import pause
from case_shared.process.private import HttpServer
from case_shared.process.settings import KEEP_ALIVE_SECONDS, DatabaseSettings, ServiceSettings
from case_shared.web.http_protocol import BoundedProtocol

log = structlog.get_logger(__name__)
GRACE_SECONDS = 8
# How long clients may go on using connections that are open when the service stops.
_LINGER_SECONDS = 2.0


class _Server(HttpServer):
    """uvicorn's server, whose end fails no request, and which ends with 0 rather than raise the signal again.

    A signal ends a start at once, whatever it waits for. Once it serves, `/readyz` fails first, and for `drain_seconds`
    it serves as before, so that whoever sends it requests hears of its end; another signal ends that time.
    """

    def __init__(self, config: uvicorn.Config, drain_seconds: float = 0) -> None:
        super().__init__(config)
        self.drain_seconds = drain_seconds
        self.given_up = False
        self._draining = False
        self._serving: asyncio.Task[Any] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.started and self._serving is not None:
            self.given_up = True
            log.info("start_given_up", signal=signal.Signals(sig).name)
            # What it has to say of an application that did not start would be a stack trace of this very end.
            logging.getLogger("uvicorn.error").disabled = True
            self._serving.cancel()
        elif self.drain_seconds and not self._draining:
            self._draining = True
            log.info("draining", seconds=self.drain_seconds)
            self.config.app.state.draining = True  # type: ignore[union-attr]
            asyncio.get_running_loop().call_later(self.drain_seconds, self._stop)
        else:
            super().handle_exit(sig, frame)

    def _stop(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more connections, and close each open one with its next answer, before everything ends.

        uvicorn closes idle connections at once: a request that is just then on its way is lost, and its client cannot
        know whether it was handled. Here it is answered, with `Connection: close`.
        """
        waiting = [taken for listening in sockets or [] for taken in _accept_all(listening)]
        self.stop_listening()
        for taken in waiting:
            await asyncio.get_running_loop().connect_accepted_socket(self.new_connection, taken)
        ask_to_stop(self.config.app)
        for connection in self.connections:
            connection.close_after_answer()
        began = time.monotonic()
        unsent = {one: one.unsent for one in self.connections}
        while self._in_use(time.monotonic() - began):  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.02)
        for connection in self.connections:
            # Its client has taken no byte all this time: nobody waits for the answer.
            if 0 < connection.unsent == unsent.get(connection):
                connection.transport.abort()
        await super().shutdown(sockets)

    def _in_use(self, seconds: float) -> bool:
        """Whether a client may still use its connection, or has just sent something that nobody has read."""
        if seconds < _LINGER_SECONDS:
            return bool(self.connections)
        sockets = [connection.transport.get_extra_info("socket") for connection in self.connections]
        return seconds < 2 * _LINGER_SECONDS and any(_readable(one) for one in sockets if one is not None)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop, self._serving = asyncio.get_running_loop(), asyncio.current_task()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def _accept_all(listening: socket.socket) -> list[socket.socket]:
    """Accept the connections that the kernel has completed: closing the listener would reset them."""
    taken = []
    while _readable(listening):
        connection, _ = listening.accept()
        connection.setblocking(False)
        taken.append(connection)
    return taken


def _readable(one: Any) -> bool:
    if one.fileno() < 0:
        return False
    poll = select.poll()
    poll.register(one.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def ask_to_stop(app: Any) -> None:
    """Call `app.state.stop`, if set: loops end, leases are released and waiting requests are answered now.

    The lifespan's own end would be too late: it comes after the last connection was closed.
    """
    stop = getattr(app.state, "stop", None)
    if stop is not None:
        stop()


async def open_pool(
    settings: DatabaseSettings,
    *,
    service: str,
    purpose: str = "main",
    size: int | None = None,
    options: Mapping[str, str] | None = None,
) -> Pool:
    """Open a pool on the schema with the service's name, however long PostgreSQL takes to be reachable.

    `purpose` is its name in the metrics; `size` defaults to the setting; `options` are settings of its connections,
    which a pooler refuses.
    """
    never = asyncio.Event()
    while True:
        try:
            pool = await create_pool(
                settings.database_url.get_secret_value,
                schema=service.replace("-", "_"),
                name=service,
                size=size or settings.database_pool_size,
                command_seconds=settings.database_command_timeout_seconds,
                settings=options,
                statements=settings.database_statement_cache_size,
                pooler=settings.database_pooler,
            )
        except UNREACHABLE as error:
            log.warning("database_not_reached", setting="DATABASE_URL", error=repr(error))
            await pause(1.0, never)
        else:
            measure_pool(pool, purpose)
            return pool


def run(service: str, settings: ServiceSettings, port: int, app: FastAPI) -> None:
    """Run the command `serve`: set up logs and traces, and serve `app` until a signal stops it."""
    telemetry.configure(
        service,
        level=settings.log_level,
        form=settings.log_format,
        otlp_endpoint=settings.otel_exporter_otlp_endpoint,
    )
    fault_points.arm(settings.fault_points_dir)
    collect_garbage_less_often()
    allow_many_connections()
    serve(
        app,
        host=settings.host,
        port=port,
        keep_alive_seconds=settings.keep_alive_seconds,
        client_timeout_seconds=settings.client_timeout_seconds,
        trusted_proxies=settings.trusted_proxies,
        drain_seconds=settings.drain_seconds,
    )


def collect_garbage_less_often() -> None:
    """Exempt what is loaded by now from garbage collection, and collect less often.

    A batch of records makes thousands of objects that all live until it is written; with Python's defaults, scanning
    them again and again takes nearly half of the time of decoding them (`make bench`, consume).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def allow_many_connections() -> None:
    """Raise the limit of open files to the most allowed: each connection is one, and 1,024 is a usual default."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def serve(
    app: FastAPI,
    *,
    host: str,
    port: int,
    client_timeout_seconds: float,
    keep_alive_seconds: int = KEEP_ALIVE_SECONDS,
    trusted_proxies: str = "",
    drain_seconds: float = 0,
) -> None:
    """Serve `app` until a signal stops it; requests under way are finished first.

    A client that takes nothing of its answer for `client_timeout_seconds` is disconnected. Exits with 2, and says why,
    if the port is in use; with 3 if the start failed. A signal that comes before the start is done ends it with 0.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="none",
        http=BoundedProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        # Only named proxies may say which client they forward for; uvicorn would trust anything on this machine.
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies,
        timeout_keep_alive=keep_alive_seconds,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    sock = _bound(host, port)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; accepted connections inherit it
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(client_timeout_seconds * 1000))
    server = _Server(config, drain_seconds)
    try:
        uvloop.run(server.serve(sockets=[sock]))
    except asyncio.CancelledError:
        if not server.given_up:
            raise
    if not server.started and not server.given_up:
        raise SystemExit(3)


def _bound(host: str, port: int) -> socket.socket:
    """Bind a socket that accepts nobody before the service has started. uvicorn's own exits with 1, unexplained."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        if error.errno != errno.EADDRINUSE:
            raise SystemExit(f"{host}:{port}: {error.strerror}") from None
        print(f"PORT: another process uses {host}:{port}. Set PORT to a free port", file=sys.stderr)
        raise SystemExit(2) from None
    return sock

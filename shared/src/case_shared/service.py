"""The life of a service's process: serve until SIGTERM or SIGINT, drain, end with 0."""

import asyncio
import contextlib
import errno
import gc
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI

from case_shared import fault_points, telemetry
from case_shared.loops import pause
from case_shared.postgres import UNREACHABLE, Pool, create_pool
from case_shared.settings import KEEP_ALIVE_SECONDS, DatabaseSettings, ServiceSettings

log = structlog.get_logger(__name__)
GRACE_SECONDS = 8
# How long clients may go on using connections that are open when the service stops.
DRAIN_SECONDS = 2.0


class _Server(uvicorn.Server):
    """uvicorn's server, whose end fails no request, and which ends with 0 rather than raise the signal again."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no connection any more, and close each that is open with its next answer, before all ends.

        uvicorn closes what is idle at once: a request that is just then on its way is lost, and its client cannot know
        whether it was done. Here it is answered, with `Connection: close`.
        """
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        waiting = [taken for listening in sockets or [] for taken in _accept_all(listening)]
        for server in self.servers:
            server.close()
        for taken in waiting:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, taken)
        tell_to_stop(self.config.app)
        for connection in list(self.server_state.connections):
            _close_after_answer(connection)
        began = time.monotonic()
        unsent = {one: _unsent(one) for one in self.server_state.connections}
        while self._in_use(time.monotonic() - began):  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.02)
        for connection in list(self.server_state.connections):
            # Its client has taken nothing of what waits for it all this time: nobody waits for it.
            if 0 < _unsent(connection) == unsent.get(connection):
                connection.transport.abort()
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    def _in_use(self, seconds: float) -> bool:
        """Whether a client may yet use its connection, or has just sent something that nobody has read."""
        if seconds < DRAIN_SECONDS:
            return bool(self.server_state.connections)
        sockets = [connection.transport.get_extra_info("socket") for connection in self.server_state.connections]
        return seconds < 2 * DRAIN_SECONDS and any(_readable(one) for one in sockets if one is not None)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def _accept_all(listening: socket.socket) -> list[socket.socket]:
    """The connections that the kernel has made, but nobody has taken yet: closing the listener would reset them."""
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


def tell_to_stop(app: Any) -> None:
    """Call what `app.state.stop` is set to: the loops end, leases are given up and waiting requests are answered now.

    The lifespan's own end would come too late for that: after the last connection has been closed.
    """
    stop = getattr(app.state, "stop", None)
    if stop is not None:
        stop()


def _unsent(connection: Any) -> int:
    size: int = connection.transport.get_write_buffer_size()
    return size


def _close_after_answer(connection: Any) -> None:
    """Let a connection that is answering a request close after it; one that is idle is left alone."""
    cycle = getattr(connection, "cycle", None)
    if cycle is not None and not cycle.response_complete:
        connection.shutdown()


async def open_pool(
    settings: DatabaseSettings, *, service: str, size: int | None = None, options: Mapping[str, str] | None = None
) -> Pool:
    """Open a pool on the schema of the service's name, however long PostgreSQL takes to be there.

    `size` is the setting's unless another is given; `options` are settings of its connections.
    """
    never = asyncio.Event()
    while True:
        try:
            return await create_pool(
                settings.database_url,
                schema=service.replace("-", "_"),
                name=service,
                size=size or settings.database_pool_size,
                command_seconds=settings.database_command_timeout_seconds,
                settings=options,
            )
        except UNREACHABLE as error:
            log.warning("database_not_reached", setting="DATABASE_URL", error=repr(error))
            await pause(1.0, never)


def run(service: str, settings: ServiceSettings, port: int, app: FastAPI) -> None:
    """The command `serve`: logs and traces are set up, and `app` is served until a signal stops it."""
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
    )


def collect_garbage_less_often() -> None:
    """Spare what is loaded by now from every collection, and collect less often.

    A batch of records makes thousands of objects that all live until it is written; with Python's defaults, looking
    through them again and again costs nearly half of the time of decoding them (`make bench`, consume).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def allow_many_connections() -> None:
    """Open as many files as the system lets us, for each connection is one: 1,024 is a usual default."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def serve(
    app: FastAPI,
    *,
    host: str,
    port: int,
    client_timeout_seconds: float,
    keep_alive_seconds: int = KEEP_ALIVE_SECONDS,
) -> None:
    """Serve `app` until a signal stops it; requests under way are finished first.

    A client that takes nothing of its answer for `client_timeout_seconds` is cut off. Exits with 2, and says so, where
    the port is taken; with 3 where the start failed.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="none",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=keep_alive_seconds,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    try:
        sock = config.bind_socket() if _free(host, port) else None
    except OSError as error:
        raise SystemExit(f"{host}:{port}: {error.strerror}") from None
    if sock is None:
        print(f"PORT: {host}:{port} is taken by another process; set PORT to a free one", file=sys.stderr)
        raise SystemExit(2)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; what is accepted inherits it
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(client_timeout_seconds * 1000))
    server = _Server(config)
    uvloop.run(server.serve(sockets=[sock]))
    if not server.started:
        raise SystemExit(3)


def _free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True

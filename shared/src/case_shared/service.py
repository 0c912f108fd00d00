"""The life of a service's process: serve until SIGTERM or SIGINT, drain, end with 0."""

import asyncio
import contextlib
import errno
import gc
import signal
import sys
from collections.abc import Iterator

import structlog
import uvicorn
import uvloop
from fastapi import FastAPI

from case_shared import fault_points, telemetry
from case_shared.loops import pause
from case_shared.postgres import UNREACHABLE, Pool, create_pool
from case_shared.settings import DatabaseSettings, ServiceSettings

log = structlog.get_logger(__name__)
GRACE_SECONDS = 8


class _Server(uvicorn.Server):
    """uvicorn's server, which would raise the signal again after its shutdown and so not end with 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


async def open_pool(settings: DatabaseSettings, *, service: str) -> Pool:
    """Open the service's pool on the schema of its name, however long PostgreSQL takes to be there."""
    never = asyncio.Event()
    while True:
        try:
            return await create_pool(
                settings.database_url,
                schema=service.replace("-", "_"),
                name=service,
                size=settings.database_pool_size,
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
    serve(app, host=settings.host, port=port)


def collect_garbage_less_often() -> None:
    """Spare what is loaded by now from every collection, and collect less often.

    A batch of records makes thousands of objects that all live until it is written; with Python's defaults, looking
    through them again and again costs nearly half of the time of decoding them (`make bench`, consume).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def serve(app: FastAPI, *, host: str, port: int) -> None:
    """Serve `app` until a signal stops it; requests under way are finished first.

    Exits with 2, and says so, where the port is taken; with 3 where the start failed.
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
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    try:
        sock = config.bind_socket() if _free(host, port) else None
    except OSError as error:
        raise SystemExit(f"{host}:{port}: {error.strerror}") from None
    if sock is None:
        print(f"PORT: {host}:{port} is taken by another process; set PORT to a free one", file=sys.stderr)
        raise SystemExit(2)
    server = _Server(config)
    uvloop.run(server.serve(sockets=[sock]))
    if not server.started:
        raise SystemExit(3)


def _free(host: str, port: int) -> bool:
    import socket

    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True

"""PostgreSQL by asyncpg: a pool without needless round trips, and SQL from `.sql` files."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from importlib import resources
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson
import structlog
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import Gauge

from case_shared.database.connecting import connector
from case_shared.process.private import socket_of
from case_shared.process.settings import STATEMENTS, Pooler
from case_shared.process.telemetry import Exporting

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

log = structlog.get_logger(__name__)
_tracer = trace.get_tracer("case_shared.database")
_CLOSE_SECONDS = 2.0
# How long a server may confirm nothing (TCP_USER_TIMEOUT, RFC 5482), which Linux knows.
SILENT_SECONDS = 8
# Less than a leader's lease: no lock of a frozen leader blocks its successor.
_IDLE_IN_TRANSACTION = "5s"
_READ_ONLY = "default_transaction_read_only"
# While the database is read-only, the pool's connections are replaced no more often than this.
_RENEW_SECONDS = 1.0
# The loaded statements, by their text.
_names: dict[str, str] = {}
_connections = Gauge(
    "casebridge_database_connections", "Connections to PostgreSQL by pool and state", ["pool", "state"]
)


class SearchPathMissing(ConnectionError):
    """The role's connections do not find its schema, and through a pooler they cannot be told apart."""


async def create_pool(
    url: str | Callable[[], str],
    *,
    schema: str,
    name: str,
    size: int,
    command_seconds: float = 60,
    settings: Mapping[str, str] | None = None,
    statements: int = STATEMENTS,
    pooler: Pooler = Pooler.NONE,
) -> Pool:
    """Open a pool whose connections find `schema` first and have `settings`; `name` shows in `pg_stat_activity`.

    A `url` that is a function is asked for the address of each new connection, so that a changed password is used.

    A connection that returns to the pool is not reset, which saves a round trip: so leave no session state behind (SET,
    advisory locks, LISTEN). The server ends an idle transaction and releases its locks: its process is frozen, because
    our transactions wait for nothing but the database. A command that takes longer than `command_seconds` raises
    `TimeoutError`, and takes at most as long again to give up.

    Connections to a read-only server are replaced: the server may have become a standby of a new primary, or its
    setting was changed for new connections only.

    A `pooler` that gives a server's connection away after each transaction knows no settings of ours: they are those of
    the role (`sql/roles.sql`), and `settings` must not be given. `statements` are kept prepared for each connection.
    """
    direct = pooler is Pooler.NONE
    assert direct or not settings
    ours = {
        "search_path": f"{schema}, public",
        "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION,
        **(settings or {}),
    }
    pool: Pool = await asyncpg.create_pool(
        connect=connector(url if callable(url) else lambda: url),
        min_size=1,
        max_size=size,
        reset=_renewing(lambda: pool) if direct else _keep,
        init=_prepare,
        command_timeout=command_seconds,
        statement_cache_size=statements,
        # A statement is planned once per connection, not again every five minutes.
        max_cached_statement_lifetime=0,
        # A pooler keeps these two for each client.
        server_settings={"application_name": name, "timezone": "UTC", **(ours if direct else {})},
    )
    if not direct:
        await _require_schema(pool, schema)
    return pool


async def _require_schema(pool: Pool, schema: str) -> None:
    """Raise `SearchPathMissing`, and close `pool`, where its connections do not find `schema` first."""
    found = await pool.fetchval("SELECT current_schema()")
    if found != schema:
        await close_pool(pool)
        raise SearchPathMissing(
            f"through the pooler schema {found} is found first, not {schema}: run roles.sql again (docs/postgresql.md)"
            " and let the pooler connect again"
        )


def measure_pool(pool: Pool, purpose: str) -> None:
    """Make the metrics show how many connections of `pool` are in use, idle and allowed."""
    states: dict[str, Callable[[], int]] = {
        "in_use": lambda: pool.get_size() - pool.get_idle_size(),
        "idle": pool.get_idle_size,
        "most": pool.get_max_size,
    }
    for state, count in states.items():
        _connections.labels(purpose, state).set_function(count)


async def close_pool(pool: Pool) -> None:
    """Close `pool`; cut all connections if one does not come back in time (the database hangs)."""
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await pool.close()  # cuts them if canceled
    except TimeoutError:
        log.warning("pool_cut", seconds=_CLOSE_SECONDS)


async def _keep(_connection: Connection) -> None:
    """Reset nothing: at the next transaction the server's connection may be another one."""


def _renewing(pool: Callable[[], Pool]) -> Callable[[Connection], Awaitable[None]]:
    """Reset nothing, but let the pool replace its connections if one of them is read-only."""
    renewed_at = float("-inf")

    async def renew(connection: Connection) -> None:
        nonlocal renewed_at
        # PostgreSQL reports both settings by itself whenever they change: asking costs no round trip.
        reported = connection.get_settings()
        reads_only = "on" in {getattr(reported, _READ_ONLY, ""), getattr(reported, "in_hot_standby", "")}
        if reads_only and time.monotonic() - renewed_at > _RENEW_SECONDS:
            renewed_at = time.monotonic()
            log.warning("database_only_reads")
            await pool().expire_connections()

    return renew


async def takes_writes(pool: Pool) -> bool:
    """Return whether the database answers and takes changes, for /readyz."""
    return bool(await pool.fetchval("SELECT current_setting('transaction_read_only') = 'off'"))


def notice_silence(connection: Connection) -> None:
    """Let the system end `connection` soon after its server or the network is gone without a word.

    A server that is only slow still confirms what it gets. Otherwise each statement would wait for its time-out, and
    its cancellation as long again, on every connection of the pool.
    """
    own = socket_of(connection)
    if own is None or own.family == socket.AF_UNIX or not hasattr(socket, "TCP_USER_TIMEOUT"):
        return
    with own:
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_SECONDS * 1000)
        own.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_SECONDS // 2)
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)


async def _prepare(connection: Connection) -> None:
    notice_silence(connection)
    if Exporting.on:
        connection.add_query_logger(_trace_statement)
    await _use_json(connection)


async def _use_json(connection: Connection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=_to_json, decoder=orjson.loads, schema="pg_catalog")


def _to_json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()


def _trace_statement(query: Any) -> None:
    """Record a statement's span in its caller's trace: only its name, because its parameters are what people wrote.

    asyncpg reports it afterwards, in the caller's context. Statements of loops, which no trace waits for, have none.
    """
    parent = trace.get_current_span().get_span_context()
    if not parent.trace_flags.sampled:
        return
    ended = time.time_ns()
    name = _names.get(query.query) or query.query.split(maxsplit=1)[0].rstrip(";")
    attributes = {"db.system.name": "postgresql", "db.query.summary": name}
    start = ended - int(query.elapsed * 1e9)
    span = _tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes, start_time=start)
    if query.exception is not None:
        error = type(query.exception).__name__
        span.set_status(StatusCode.ERROR, error)
        span.set_attribute("error.type", error)
    span.end(ended)


class SqlFile(Enum):
    """The base of each package's enum `Statement`, which names the files of the folder `sql` next to its module.

    Not a `StrEnum`: members of two packages would be equal if their files have the same name. The files are read on
    import, since reading one on the event loop would delay all requests.
    """

    def __init__(self, name: str) -> None:
        package = type(self).__module__.rpartition(".")[0]
        self.text = (resources.files(package) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
        _names[self.text] = name

    @staticmethod
    def _generate_next_value_(name: str, *_: object) -> str:
        return name.lower()

"""PostgreSQL by asyncpg: a pool without needless round trips, and SQL from `.sql` files."""

import asyncio
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson
import structlog

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

log = structlog.get_logger(__name__)
# The database is away, or refuses for now: whatever it says to a statement that is right.
# asyncpg raises InternalClientError where the server dies within a statement.
UNREACHABLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
# What is wrong with the data itself; the same statement will fail again. All else may pass later.
DATA_ERRORS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
_CLOSE_SECONDS = 2.0
# More than there are: a statement is planned once a connection, not anew every five minutes.
_STATEMENTS = 500
# Below a leader's lease, so that nothing a frozen leader has locked is in its successor's way.
_IDLE_IN_TRANSACTION = "5s"


async def create_pool(
    url: str,
    *,
    schema: str,
    name: str,
    size: int,
    command_seconds: float = 60,
    settings: Mapping[str, str] | None = None,
) -> Pool:
    """Open a pool whose connections find `schema` first and have `settings`; `name` shows in `pg_stat_activity`.

    A connection returned to the pool is not reset, which saves a round trip each time: so nobody may leave session
    state behind (SET, advisory locks, LISTEN). A transaction that stands idle is ended by the server, and its locks
    with it: its process is frozen, for no transaction of ours waits for anything but the database. A command that takes
    longer than `command_seconds` raises `TimeoutError`; to give one up takes as long at most.
    """
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        reset=_keep,
        init=_use_json,
        command_timeout=command_seconds,
        statement_cache_size=_STATEMENTS,
        max_cached_statement_lifetime=0,
        server_settings={
            "application_name": name,
            "search_path": f"{schema}, public",
            "timezone": "UTC",
            "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION,
            **(settings or {}),
        },
    )


async def close_pool(pool: Pool) -> None:
    """Close `pool`; where a connection is not given back in time (the database hangs), all of them are cut."""
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await pool.close()  # cuts them where it is cancelled
    except TimeoutError:
        log.warning("pool_cut", seconds=_CLOSE_SECONDS)


async def _keep(_connection: Connection) -> None:
    """Reset nothing."""


async def _use_json(connection: Connection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=_to_json, decoder=orjson.loads, schema="pg_catalog")


def _to_json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()


@cache
def load_sql(package: str, name: str) -> str:
    """Text of the statement `sql/{name}.sql` beside `package`'s modules."""
    return (resources.files(package) / "sql" / f"{name}.sql").read_text(encoding="utf-8")

"""Migrations: plain SQL, run by Alembic through psycopg (asyncpg cannot run several statements at once).

A service's folder `postgres/migrations` has `env.py`, which calls `run_environment`, and `versions/`: for each
revision a Python file with its order, and next to it the SQL under the same name.
"""

import sys
import time
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from alembic import command, context
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from case_shared.process.database_urls import session_attrs

_LOCK = 4_242_001  # any number, the same for all our migrations: no two of them run at once
_LOCK_POLL_SECONDS = 0.1
_SAY_SECONDS = 10.0
_HOLDER = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND granted"
_IF_GONE = "If nobody runs one, its machine is gone: end it with SELECT pg_terminate_backend(PID)."
_HOST_SECONDS = 10  # for each of several
_OLDEST = "oldest code: "
# In place of a revision: the newest one of which older code can still be run.
EXPAND = "expand"
# Services go on writing. Whoever waits for a lock in the other order is in a deadlock with a migration, and a long
# transaction outlasts `lock_timeout`: either passes.
_TRIES = 10
_TRY_AGAIN_SECONDS = 1.0
_PASSING = (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable)


class SchemaTooNew(Exception):
    """A newer release has dropped what this one still uses; the message names both."""


class Newer(NamedTuple):
    """The revision that a newer release has brought the schema to, and the newest that this one knows."""

    found: str
    known: str


def upgrade(database_url: str, *, package: str, schema: str, revision: str = "head") -> Newer | None:
    """Bring `schema` to `revision` of `package`'s migrations, by default the newest; does nothing if it is there.

    `expand` is the newest revision before those at the end that drop what older code uses: these name an `oldest_code`.

    A schema that a newer release has brought further is left as it is and returned, for releases add first and drop one
    release later: so an older one runs beside its successor, and one can go back. Raises `SchemaTooNew` where a newer
    migration says (`oldest_code`) that this code is too old for it.
    """
    with resources.as_file(resources.files(package) / "postgres" / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        scripts = ScriptDirectory.from_config(config)
        target = _newest_expanding(scripts) if revision == EXPAND else revision
        config.attributes.update(database_url=database_url, schema=schema, scripts=scripts, target=target)
        _insist(lambda: command.upgrade(config, target))
        newer: Newer | None = config.attributes.get("newer")
        return newer


def _insist(migrate: Callable[[], None]) -> None:
    """Run `migrate`, which continues where it stopped, again while a lock is all that stops it."""
    for left in reversed(range(_TRIES)):
        try:
            migrate()
        except (psycopg.Error, DBAPIError) as error:
            if left == 0 or not isinstance(getattr(error, "orig", error), _PASSING):
                raise
            time.sleep(_TRY_AGAIN_SECONDS)
        else:
            return


def run_environment() -> None:
    """Run as Alembic's `env.py` of each service: a short lock time-out, and a version table per schema."""
    attributes = context.config.attributes
    schema: str = attributes["schema"]
    url: str = attributes["database_url"]
    # As libpq reads it: SQLAlchemy knows no address with several hosts.
    engine = create_engine("postgresql+psycopg://", creator=lambda: _connect(url), poolclass=NullPool)
    with engine.connect() as connection:
        _lock(connection)
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.execute(text(f"SET search_path TO {schema}, public"))
        connection.commit()
        # One transaction each: no table stays locked while later ones run.
        context.configure(
            connection=connection,
            version_table="schema_version",
            version_table_schema=schema,
            transaction_per_migration=True,
        )
        scripts = {script.revision: script for script in attributes["scripts"].walk_revisions()}
        if newer := _newer(connection, schema, max(scripts)):
            attributes["newer"] = newer
            return
        if _is_past(attributes["target"]):
            return
        with context.begin_transaction():
            context.run_migrations()
        _note_oldest_code(connection, schema, scripts)


def _newest_expanding(scripts: ScriptDirectory) -> str:
    return next(script.revision for script in scripts.walk_revisions() if not hasattr(script.module, "oldest_code"))


def _is_past(target: str) -> bool:
    """Whether the schema is at a later revision than `target` already, which Alembic takes for a mistake."""
    return target.isdigit() and (context.get_context().get_current_revision() or "") > target


def _newer(connection: Connection, schema: str, known: str) -> Newer | None:
    """The schema's revision, where it is newer than `known`: revisions are numbers of four digits."""
    found = context.get_context().get_current_revision()
    if found is None or found <= known:
        return None
    oldest = connection.scalar(text("SELECT obj_description(to_regclass(:name))"), {"name": f"{schema}.schema_version"})
    if oldest and oldest.removeprefix(_OLDEST) > known:
        raise SchemaTooNew(
            f"schema {schema} is at revision {found} and needs code that knows {oldest.removeprefix(_OLDEST)}; this"
            f" release knows {known}. Deploy a newer one, or restore a backup from before."
        )
    return Newer(found, known)


def _note_oldest_code(connection: Connection, schema: str, scripts: Mapping[str, Script]) -> None:
    """Leave a word for older releases: which code the migrations that ran can still be used by."""
    now = context.get_context().get_current_revision() or ""
    named = [getattr(script.module, "oldest_code", "") for revision, script in scripts.items() if revision <= now]
    if oldest := max(named, default=""):
        connection.execute(text(f"COMMENT ON TABLE {schema}.schema_version IS '{_OLDEST}{oldest}'"))
        connection.commit()


def _connect(url: str) -> psycopg.Connection[Any]:
    wanted = session_attrs(url)
    if wanted is None:
        return psycopg.connect(url)
    return psycopg.connect(url, target_session_attrs=wanted, connect_timeout=_HOST_SECONDS)


def _lock(connection: Connection) -> None:
    """Wait for our turn without a statement that waits: CREATE INDEX CONCURRENTLY would wait for that statement."""
    said_at = time.monotonic()
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}):
        if time.monotonic() - said_at > _SAY_SECONDS:
            said_at = time.monotonic()
            pid = connection.scalar(text(_HOLDER), {"key": _LOCK})
            print(f"waiting for another migration (PostgreSQL's process {pid}). {_IF_GONE}", file=sys.stderr)
        connection.commit()
        time.sleep(_LOCK_POLL_SECONDS)


def run_sql_beside(revision_file: str) -> None:
    """Run the `.sql` file with the name of `revision_file` (its `__file__`)."""
    statements = Path(revision_file).with_suffix(".sql").read_text(encoding="utf-8")
    # Straight to psycopg, without parameters: it then takes several statements, and leaves `%` alone.
    context.get_bind().connection.cursor().execute(statements)


def execute(statement: str, *arguments: object) -> Any:
    """Run one statement; return the first value of its first row, or None if it returns none."""
    cursor = context.get_bind().connection.cursor()
    cursor.execute(statement, arguments or None)
    row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def fill(statement: str) -> None:
    """Run `statement` a chunk at a time; only in an `autocommit_block`.

    It takes the key (text) after which its chunk starts, and returns the chunk's last key, null if the chunk is empty.
    """
    last: str | None = ""
    while last is not None:
        last = execute(statement, last)


def create_indexes(schema: str, indexes: Mapping[str, str], *, unique: bool = False) -> None:
    """Create indexes, by name, while the table is written; only in an `autocommit_block`.

    Waits for every open transaction, however long. An index that an interrupted run left behind is built again.
    """
    before = execute("SHOW lock_timeout")
    execute("SET lock_timeout = 0")
    for name, definition in indexes.items():
        execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema}.{name}")
        execute(f"CREATE {'UNIQUE ' if unique else ''}INDEX CONCURRENTLY {name} ON {definition}")
    execute(f"SET lock_timeout = '{before}'")

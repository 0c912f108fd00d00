"""The data file: one SQLite database in WAL mode, written in groups; every write is durable before its answer.

Operations run on the event loop, one after another, inside one transaction; only its COMMIT (the fsync) runs in a
thread, while the next group gathers. So a write costs no thread switch of its own, and needs no lock.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from d365_sandbox.entities import EntitySet, Kind

SCHEMA_VERSION = 4
FIRST_REC_ID = 5_637_144_576
GROUP_SIZE = 200

_TEXT = "TEXT NOT NULL COLLATE NOCASE"
# The RecId under the name that the entity gives it.
_COLUMN_TYPES = {Kind.DATETIME: "INTEGER NOT NULL", Kind.REC_ID: "INTEGER GENERATED ALWAYS AS (rec_id) VIRTUAL"}

Result = TypeVar("Result")
Operation = Callable[[sqlite3.Connection], Result]
Rows = list[sqlite3.Row]


class DataFileUnusable(Exception):
    """The data file cannot be opened, or was written by another version."""


class Store:
    """Reads see what is committed; writes are operations that return once they are durable."""

    def __init__(self, path: Path, catalog: dict[str, EntitySet]) -> None:
        try:
            self._writer = _connect(path)
            self.is_new = _prepare(self._writer, path, catalog)
            self._reader = _connect(path)
        except sqlite3.Error as error:
            raise DataFileUnusable(f"cannot use the data file {path}: {error}") from error
        self._reader.execute("PRAGMA query_only = ON")
        self._afterwards: set[Callable[[], None]] = set()
        self._pending: deque[tuple[Operation[Any], asyncio.Future[Any]]] = deque()
        self._wake = asyncio.Event()
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="commit")

    def read(self, sql: str, parameters: Sequence[object] = ()) -> Rows:
        """All rows of a statement, as committed."""
        return self._reader.execute(sql, parameters).fetchall()

    def submit(self, operation: Operation[Result]) -> "asyncio.Future[Result]":
        """Queues a write; the future ends when it is durable, or with what the operation raised."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._pending.append((operation, future))
        self._wake.set()
        return future

    def after_commit(self, call: Callable[[], None]) -> None:
        """For an operation: calls `call` once its group is committed, since no reader sees it before."""
        self._afterwards.add(call)

    async def run(self) -> None:
        """Commits group after group until it is canceled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()

    async def flush(self) -> None:
        """Commits everything in the queue."""
        while self._pending:
            group = [self._pending.popleft() for _ in range(min(len(self._pending), GROUP_SIZE))]
            await self._commit(group)

    async def _commit(self, group: list[tuple[Operation[Any], "asyncio.Future[Any]"]]) -> None:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            outcomes = [(future, *self._apply(operation)) for operation, future in group]
            commit = asyncio.get_running_loop().run_in_executor(self._committer, self._writer.execute, "COMMIT")
            await asyncio.shield(commit)
        except sqlite3.Error as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            outcomes = [(future, None, error) for _, future in group]
            self._afterwards.clear()
        while self._afterwards:
            self._afterwards.pop()()
        for future, result, failure in outcomes:
            _settle(future, result, failure)

    def _apply(self, operation: Operation[Any]) -> tuple[Any, Exception | None]:
        self._writer.execute("SAVEPOINT operation")
        try:
            result = operation(self._writer)
        except Exception as error:  # noqa: BLE001 (handed to whoever waits for this operation)
            self._writer.execute("ROLLBACK TO operation")
            self._writer.execute("RELEASE operation")
            return None, error
        self._writer.execute("RELEASE operation")
        return result, None

    def close(self) -> None:
        """Closes the file; what was queued without `flush` is lost, and was never answered."""
        self._committer.shutdown()
        self._reader.close()
        self._writer.close()


def _settle(future: "asyncio.Future[Any]", result: object, failure: Exception | None) -> None:
    if future.done():
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    connection.row_factory = sqlite3.Row
    # D365 cuts texts by UTF-16 units, so one may contain half a surrogate pair; SQLite stores the bytes unchanged.
    connection.text_factory = lambda stored: stored.decode("utf-8", "surrogatepass")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, catalog: dict[str, EntitySet]) -> bool:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in range(SCHEMA_VERSION + 1):
        raise DataFileUnusable(
            f"the data file {path} has version {version}, but this sandbox needs {SCHEMA_VERSION}: choose another file "
            "with SANDBOX_DATA_FILE"
        )
    for old in range(version or SCHEMA_VERSION, SCHEMA_VERSION):
        connection.executescript((files("d365_sandbox") / "sql" / f"from_version_{old}.sql").read_text())
    for entity in catalog.values():
        connection.execute(_table(entity))
        connection.execute(
            f"CREATE UNIQUE INDEX IF NOT EXISTS {entity.table}_key ON {entity.table} {_list(entity.keys)}"
        )
    connection.executescript((files("d365_sandbox") / "sql" / "schema.sql").read_text())
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return bool(version == 0)


def _table(entity: EntitySet) -> str:
    columns = [f"{field.name} {_COLUMN_TYPES.get(field.kind, _TEXT)}" for field in entity.fields]
    own = ["rec_id INTEGER PRIMARY KEY AUTOINCREMENT", "rec_version INTEGER NOT NULL", "status_changed_at REAL"]
    return f"CREATE TABLE IF NOT EXISTS {entity.table} {_list([*own, *columns])}"


def _list(parts: Sequence[str]) -> str:
    return f"({', '.join(parts)})"


def next_number(connection: sqlite3.Connection, name: str, first: int = 1, step: int = 1) -> int:
    """The next number of a sequence; it only increases, whatever is deleted or reset."""
    row = connection.execute(
        "INSERT INTO number_sequences (name, last) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET last = last + ? RETURNING last",
        (name, first, step),
    ).fetchone()
    return int(row[0])

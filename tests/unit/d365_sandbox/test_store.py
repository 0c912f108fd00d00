"""What an operation asks for after its commit comes when every reader sees the operation's rows."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from d365_sandbox.entities import build_catalogue
from d365_sandbox.store import Store, next_number

NUMBERS = "SELECT last FROM number_sequences"


@pytest_asyncio.fixture(name="store")
async def _store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path / "books.sqlite3", build_catalogue())
    running = asyncio.create_task(store.run())
    yield store
    running.cancel()
    store.close()


async def test_a_reader_that_is_called_after_the_commit_sees_the_row(store: Store) -> None:
    seen: list[int] = []

    def operation(connection: sqlite3.Connection) -> int:
        store.after_commit(lambda: seen.extend(row["last"] for row in store.read(NUMBERS)))
        return next_number(connection, "events", 7)

    assert await store.submit(operation) == 7
    assert seen == [7]


async def test_a_group_that_was_not_committed_calls_nobody(store: Store) -> None:
    def operation(connection: sqlite3.Connection) -> None:
        store.after_commit(lambda: pytest.fail("the group was rolled back"))
        connection.execute("ROLLBACK")  # so that releasing the operation's savepoint fails, as on a full disk

    with pytest.raises(sqlite3.Error):
        await store.submit(operation)
    assert await store.submit(lambda connection: next_number(connection, "events")) == 1

"""A backup of D365's database, and its restore: as in a real one, number sequences and RecIds go back too."""

import sqlite3

from d365_sandbox.cases import Books


class NoBackup(Exception):
    """Nothing was backed up that could be restored."""


def back_up(connection: sqlite3.Connection, books: Books) -> None:
    """Stores the books and number sequences as they are now, replacing the last backup."""
    for table in _tables(books):
        connection.execute(f"DROP TABLE IF EXISTS backup_{table}")
        connection.execute(f"CREATE TABLE backup_{table} AS SELECT * FROM {table}")  # noqa: S608 (the catalog's names)


def restore(connection: sqlite3.Connection, books: Books) -> None:
    """Restores the books and number sequences from the backup: numbers assigned since are assigned again.

    Raises NoBackup.
    """
    for table in _tables(books):
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (f"backup_{table}",)).fetchone():
            raise NoBackup
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
        # `table_info` leaves out computed columns, which cannot be written.
        columns = ", ".join(row["name"] for row in connection.execute(f"PRAGMA table_info({table})"))
        connection.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM backup_{table}")  # noqa: S608


def _tables(books: Books) -> list[str]:
    return [*(entity.table for entity in books.catalog.values()), "number_sequences", "sqlite_sequence"]

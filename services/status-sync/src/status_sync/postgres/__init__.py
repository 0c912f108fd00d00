"""What status-sync stores and asks in PostgreSQL: one statement a file in `sql/`, a class for each table."""

from case_shared.postgres import load_sql


def statement(name: str) -> str:
    """Text of `sql/{name}.sql`."""
    return load_sql("status_sync.postgres", name)

"""Replays of many dead letters at once."""

from case_shared.database.migrations import run_sql_beside

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the replays and their lists of documents."""
    run_sql_beside(__file__)

"""Operators can have everything read again."""

from case_shared.database.migrations import run_sql_beside

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

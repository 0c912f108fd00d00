"""Replays that ended are kept for a configured time only."""

from case_shared.database.migrations import run_sql_beside

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

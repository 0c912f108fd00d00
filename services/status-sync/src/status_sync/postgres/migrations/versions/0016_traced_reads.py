"""A due read knows the trace of what made it due."""

from case_shared.database.migrations import run_sql_beside

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

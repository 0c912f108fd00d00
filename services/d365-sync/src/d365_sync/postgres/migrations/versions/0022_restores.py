"""status-sync sees that D365 was restored to an earlier time."""

from case_shared.database.migrations import run_sql_beside

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

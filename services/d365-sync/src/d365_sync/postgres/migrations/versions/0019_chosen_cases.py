"""status-sync sees which of two cases in D365 an operator chose to follow."""

from case_shared.database.migrations import run_sql_beside

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

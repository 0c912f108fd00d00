"""The planner learns how few cases are not followed, so status-sync counts them by their index (0013)."""

from case_shared.database.migrations import run_sql_beside

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

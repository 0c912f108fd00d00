"""status-sync reads in which trace a case was submitted."""

from case_shared.database.migrations import run_sql_beside

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

"""Personal data ends: what empties documents, attempts, notes and reasons together with their cases."""

from case_shared.database.migrations import run_sql_beside

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

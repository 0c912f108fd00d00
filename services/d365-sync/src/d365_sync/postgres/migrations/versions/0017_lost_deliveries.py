"""status-sync sees which deliveries followed a loss of the case in D365."""

from case_shared.database.migrations import run_sql_beside

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

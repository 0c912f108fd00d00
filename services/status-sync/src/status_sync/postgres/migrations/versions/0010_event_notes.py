"""What came of D365's events."""

from case_shared.database.migrations import run_sql_beside

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

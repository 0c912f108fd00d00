"""What concern a failing consumer is, and what an edit changed."""

from case_shared.database.migrations import run_sql_beside

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

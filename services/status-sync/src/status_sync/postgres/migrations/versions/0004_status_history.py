"""Each status that a case had."""

from case_shared.database.migrations import run_sql_beside

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

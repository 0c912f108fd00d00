"""The order of priorities."""

from case_shared.database.migrations import run_sql_beside

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

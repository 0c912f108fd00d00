"""The leader notices that PostgreSQL's clock is behind the one before."""

from case_shared.database.migrations import run_sql_beside

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

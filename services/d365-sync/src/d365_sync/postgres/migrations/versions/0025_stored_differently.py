"""What D365 stored other than it was sent is kept with its document."""

from case_shared.database.migrations import run_sql_beside

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

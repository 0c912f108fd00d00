"""d365-sync reads since when a case is closed: its personal data ends so long after."""

from case_shared.database.migrations import run_sql_beside

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

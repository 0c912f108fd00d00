"""What `casebridge d365 check` and d365-sync's own checks of D365 found, and what they proved."""

from case_shared.database.migrations import run_sql_beside

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

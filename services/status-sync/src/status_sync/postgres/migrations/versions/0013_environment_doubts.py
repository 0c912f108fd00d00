"""What makes D365 look like another environment than before."""

from case_shared.database.migrations import run_sql_beside

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

"""A restore of D365 is followed, and brings no older text to another dealer."""

from case_shared.database.migrations import run_sql_beside

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

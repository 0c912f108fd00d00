"""Dealers are found by their accounts without case, as D365 compares them."""

from case_shared.database.migrations import run_sql_beside

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

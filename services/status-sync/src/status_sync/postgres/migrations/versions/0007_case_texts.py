"""Whose a case was when its text was first seen."""

from case_shared.database.migrations import run_sql_beside

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

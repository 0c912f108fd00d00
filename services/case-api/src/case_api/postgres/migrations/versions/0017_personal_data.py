"""Personal data ends: what empties a case, and what finds the cases of a person."""

from case_shared.database.migrations import run_sql_beside

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

"""Cases whose record in D365 moved, went, or lost its number to another case."""

from case_shared.database.migrations import run_sql_beside

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

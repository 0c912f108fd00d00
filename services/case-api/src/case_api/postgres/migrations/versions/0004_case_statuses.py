"""Where the list finds cases by their status, and what its searches compare."""

from case_shared.database.migrations import run_sql_beside

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create it; 0005 fills it."""
    run_sql_beside(__file__)

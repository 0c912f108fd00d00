"""Forms are kept for whom a session is known to have been, and so many for each."""

from case_shared.database.migrations import run_sql_beside

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql_beside(__file__)

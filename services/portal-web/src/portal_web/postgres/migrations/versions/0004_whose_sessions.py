"""Sessions of one user are found together, and end when nobody uses them."""

from case_shared.database.migrations import run_sql_beside

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the SQL beside this file."""
    run_sql_beside(__file__)

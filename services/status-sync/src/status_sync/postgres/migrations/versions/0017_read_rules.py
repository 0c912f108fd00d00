"""The poll knows by which rules it has read, and reads again what other rules would show."""

from case_shared.database.migrations import run_sql_beside

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

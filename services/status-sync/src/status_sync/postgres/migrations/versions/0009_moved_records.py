"""Where records are that moved to another legal entity."""

from case_shared.database.migrations import run_sql_beside

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

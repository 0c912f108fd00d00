"""What searches look through, kept beside `cases` from now on."""

from case_shared.database.migrations import run_sql_beside

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

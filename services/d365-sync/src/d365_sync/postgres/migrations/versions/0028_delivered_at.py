"""case-api sees when each document was delivered, whatever has changed in it since."""

from case_shared.database.migrations import run_sql_beside

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

"""Cases whose status the mapping does not know are counted, so that an alert lasts as long as they do."""

from case_shared.database.migrations import run_sql_beside

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

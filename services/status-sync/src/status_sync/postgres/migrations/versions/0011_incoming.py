"""Lists that are read page by page wait in a table until they are complete."""

from case_shared.database.migrations import run_sql_beside

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

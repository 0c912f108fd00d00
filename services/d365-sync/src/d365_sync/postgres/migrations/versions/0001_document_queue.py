"""The document queue, its history, and what steers delivery."""

from case_shared.database.migrations import run_sql_beside

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create schema d365_sync's tables and grants."""
    run_sql_beside(__file__)

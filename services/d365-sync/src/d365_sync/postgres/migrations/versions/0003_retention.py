"""What is kept for a configured time only, and consumers that are paused."""

from case_shared.database.migrations import run_sql_beside

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Let payloads be found by their end, and unreadable records be deleted."""
    run_sql_beside(__file__)

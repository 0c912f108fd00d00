"""What is kept for a configured time only."""

from case_shared.database.migrations import run_sql_beside

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Let submissions be emptied and Idempotency-Keys be deleted."""
    run_sql_beside(__file__)

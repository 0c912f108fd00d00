"""Dealers, categories, priorities, due reads, the outbox, leases and where the reads of D365 stand."""

from case_shared.database.migrations import run_sql_beside

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

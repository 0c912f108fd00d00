"""Due reads by legal entity, rounds of the poll, and when a case was last hidden."""

from case_shared.database.migrations import run_sql_beside

revision = "0003"
down_revision = "0001"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

"""Due reads by legal entity, and rounds of the poll."""

from case_shared.migrations import run_sql_beside

revision = "0003"
down_revision = "0001"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

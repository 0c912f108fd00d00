"""Let d365-sync show operators how far behind the status is."""

from case_shared.database.migrations import run_sql_beside

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

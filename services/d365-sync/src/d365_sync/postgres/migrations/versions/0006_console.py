"""Notes, maintenance windows, records seen, and the indexes by which the last hour and the audit are read."""

from case_shared.database.migrations import run_sql_beside

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

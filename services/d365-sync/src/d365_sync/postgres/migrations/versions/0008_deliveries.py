"""What case-api and status-sync believe of a delivery: the documents, and not what Kafka says of them."""

from case_shared.database.migrations import run_sql_beside

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

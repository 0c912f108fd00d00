"""An event that Kafka refuses is set aside, and holds up no other case."""

from case_shared.database.migrations import run_sql_beside

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

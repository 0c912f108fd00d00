"""An event of a document that Kafka refuses is set aside, and holds up no other document."""

from case_shared.database.migrations import run_sql_beside

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

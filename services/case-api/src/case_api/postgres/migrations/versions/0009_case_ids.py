"""What the list reads, apart by dealer and with all that it asks for, kept from now on."""

from case_shared.database.migrations import run_sql_beside

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

"""How many `or` terms each environment of D365 takes is kept."""

from case_shared.database.migrations import run_sql_beside

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

"""How many characters D365 keeps of a text is known before it is submitted."""

from case_shared.database.migrations import run_sql_beside

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

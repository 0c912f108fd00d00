"""The sweep of personal data looks again at a case once it has locked it."""

from case_shared.database.migrations import run_sql_beside

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

"""Who wrote and submitted a case, and whose an Idempotency-Key is: issuer and subject beside the name."""

from case_shared.database.migrations import run_sql_beside

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

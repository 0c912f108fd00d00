"""Who did something: issuer and subject beside the name, in all that operators do."""

from case_shared.database.migrations import run_sql_beside

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

"""D365's cases are kept while its books are compared with ours: it gives them in another order."""

from case_shared.database.migrations import run_sql_beside

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Forward only."""
    run_sql_beside(__file__)

"""The ends that submissions had, and what undid them."""

from case_shared.database.migrations import run_sql_beside

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Keep what support did to submissions."""
    run_sql_beside(__file__)

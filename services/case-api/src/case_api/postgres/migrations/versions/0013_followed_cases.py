"""A Case ID is held by one followed case; others may have had it before, or have lost it to another."""

from alembic import op

from case_shared.database.migrations import create_indexes, execute

revision = "0013"
down_revision = "0012"

_MARKS = "coalesce(moved_at, deleted_in_d365_at, case_id_reused_at)"
_NUMBER = "case_api.cases (data_area_id, case_id)"


def upgrade() -> None:
    """Create both indexes concurrently before the old one goes; interrupted, it is begun anew."""
    with op.get_context().autocommit_block():
        create_indexes(
            "case_api",
            {"cases_followed": f"{_NUMBER} WHERE case_id IS NOT NULL AND {_MARKS} IS NULL"},
            unique=True,
        )
        create_indexes("case_api", {"cases_not_followed": f"{_NUMBER} WHERE {_MARKS} IS NOT NULL"})
        execute("DROP INDEX IF EXISTS case_api.cases_case_id")

"""The list's one index, built while the services write; what was there before stays, for replicas of the old code."""

from alembic import op

from case_shared.database.migrations import create_indexes, execute, run_sql_beside

revision = "0020"
down_revision = "0019"

_SEARCHED = '(case_api.searched(web_case_id, case_id, created_by) COLLATE "C")'
_INDEXES = {
    "cases_listed": f"case_api.cases (dealer, created_at DESC, web_case_id DESC, {_SEARCHED})"
    " INCLUDE (status, case_id, created_by)"
}


def upgrade() -> None:
    """Forward only; an index that was interrupted is begun anew."""
    run_sql_beside(__file__)
    with op.get_context().autocommit_block():
        create_indexes("case_api", _INDEXES)
        execute("VACUUM (ANALYZE) case_api.cases")

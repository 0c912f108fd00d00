"""What code before 0020 needs goes: run it once no replica of that code is left, and you will not go back to it."""

from alembic import op

from case_shared.database.migrations import execute, run_sql_beside

revision = "0025"
down_revision = "0024"
# Its lists read the index of 0020, and nothing that is dropped here; status-sync reads no contacts since 0012.
oldest_code = "0020"

# With their triggers. `cases` is locked for a moment, as for any change of its shape.
_FUNCTIONS = ("list_cases", "list_changed_statuses", "list_changed_ids")
_TABLES = ("case_ids", "case_statuses", "case_creators")
_INDEXES = ("cases_newest", "cases_by_web_case_id", "cases_by_case_id", "cases_by_creator", "cases_by_subject")


def upgrade() -> None:
    """Drop triggers, tables, then indexes (without a lock that writers wait for); if interrupted, it begins again."""
    run_sql_beside(__file__)
    with op.get_context().autocommit_block():
        for function in _FUNCTIONS:
            execute(f"DROP FUNCTION IF EXISTS case_api.{function}() CASCADE")
        for table in _TABLES:
            execute(f"DROP TABLE IF EXISTS case_api.{table}")
        for index in _INDEXES:
            execute(f"DROP INDEX CONCURRENTLY IF EXISTS case_api.{index}")
        execute("DROP FUNCTION IF EXISTS case_api.month(timestamptz), case_api.searched_ids(text, text)")

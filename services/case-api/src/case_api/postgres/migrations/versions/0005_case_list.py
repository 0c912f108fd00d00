"""The list's indexes, and the statuses of the cases that there are: built while the services write."""

from alembic import op

from case_shared.database.migrations import create_indexes, execute, fill

revision = "0005"
down_revision = "0004"

_CHUNK_ROWS = 10_000
# The rows are locked: what changes meanwhile is changed here too, by its trigger, or seen in its new state.
_FILL = f"""
WITH part AS MATERIALIZED (
    SELECT dealer, status, created_at, web_case_id FROM case_api.cases WHERE web_case_id > %s
    ORDER BY web_case_id LIMIT {_CHUNK_ROWS} FOR NO KEY UPDATE
), filled AS (
    INSERT INTO case_api.case_statuses (dealer, status, created_at, web_case_id)
    SELECT dealer, case_api.status_order(status), created_at, web_case_id FROM part
    ON CONFLICT DO NOTHING
)
SELECT max(web_case_id) FROM part
"""
_INDEXES = {
    "cases_by_web_case_id": "case_api.cases (dealer, web_case_id)",
    "cases_by_case_id": "case_api.cases (dealer, case_id, created_at, web_case_id)",
    "cases_by_creator": "case_api.cases (dealer, lower(created_by COLLATE pg_c_utf8), created_at, web_case_id)",
    # lower(dealer) is the dealer, but no other index has it: so no estimate can lead a search to another one.
    # A short pending list: each search reads it whole, and whoever fills it waits until it is merged.
    "cases_by_ids": "case_api.cases USING gin (lower(dealer), case_api.searched_ids(web_case_id, case_id) gin_trgm_ops)"
    " WITH (gin_pending_list_limit = 256)",
}


def upgrade() -> None:
    """Fill case_statuses by chunks and create the indexes concurrently; one that was interrupted is begun anew."""
    with op.get_context().autocommit_block():
        fill(_FILL)
        create_indexes("case_api", _INDEXES)
        execute("VACUUM (ANALYZE) case_api.case_statuses")
        execute("ANALYZE case_api.cases")

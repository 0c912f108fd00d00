"""The searches' index over the cases that there are, in place of the one on `cases`: built while the services write."""

from alembic import op

from case_shared.database.migrations import create_indexes, execute, fill

revision = "0008"
down_revision = "0007"

_CHUNK_ROWS = 10_000
# The rows are locked: what changes meanwhile is changed here too, by its trigger, or seen in its new state.
_FILL = f"""
WITH part AS MATERIALIZED (
    SELECT web_case_id, dealer, created_at, case_id, created_by FROM case_api.cases WHERE web_case_id > %s
    ORDER BY web_case_id LIMIT {_CHUNK_ROWS} FOR NO KEY UPDATE
), filled AS (
    INSERT INTO case_api.searched_cases (web_case_id, dealer, created_at, case_id)
    SELECT web_case_id, dealer, created_at, case_id FROM part
    ON CONFLICT DO NOTHING
), created AS (
    INSERT INTO case_api.case_creators (dealer, name)
    SELECT DISTINCT dealer, lower(created_by COLLATE pg_c_utf8) FROM part WHERE created_by IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT max(web_case_id) FROM part
"""
_INDEXES = {
    # The ids come first: the dealer's long list is asked only for what has all of a pattern's trigrams. A short pending
    # list: each search reads it whole, and whoever fills it waits until it is merged.
    "searched_cases_by_ids": "case_api.searched_cases USING gin (ids gin_trgm_ops, dealer)"
    " WITH (gin_pending_list_limit = 256)",
}


def upgrade() -> None:
    """Fill by chunks, create the index concurrently, and drop the one before; interrupted, it is begun anew."""
    with op.get_context().autocommit_block():
        fill(_FILL)
        create_indexes("case_api", _INDEXES)
        execute("DROP INDEX CONCURRENTLY IF EXISTS case_api.cases_by_ids")
        execute("VACUUM (ANALYZE) case_api.searched_cases, case_api.case_creators")

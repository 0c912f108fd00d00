"""The cases that there are, in 0009's tables: filled while the services write."""

from alembic import op

from case_shared.database.migrations import create_indexes, execute, fill

revision = "0010"
down_revision = "0009"

_CHUNK_ROWS = 10_000
# The rows are locked: what changes meanwhile is changed here too, by its trigger, or seen in its new state.
_FILL = f"""
WITH part AS MATERIALIZED (
    SELECT web_case_id, dealer, created_at, case_id, created_by, status FROM case_api.cases WHERE web_case_id > %s
    ORDER BY web_case_id LIMIT {_CHUNK_ROWS} FOR NO KEY UPDATE
), filled AS (
    INSERT INTO case_api.case_ids (web_case_id, dealer, created_at, case_id, creator)
    SELECT web_case_id, dealer, created_at, case_id, lower(created_by COLLATE pg_c_utf8) FROM part
    ON CONFLICT DO NOTHING
), completed AS (
    UPDATE case_api.case_statuses s SET case_id = p.case_id, creator = lower(p.created_by COLLATE pg_c_utf8) FROM part p
    WHERE (s.dealer, s.status, s.created_at, s.web_case_id)
        = (p.dealer, case_api.status_order(p.status), p.created_at, p.web_case_id)
)
SELECT max(web_case_id) FROM part
"""
_KEY = "case_statuses_covering"
_INDEXES = {_KEY: "case_api.case_statuses (dealer, status, created_at, web_case_id) INCLUDE (case_id, creator)"}


def upgrade() -> None:
    """Fill by chunks, create the key concurrently, and drop what was before; interrupted, it is begun anew."""
    with op.get_context().autocommit_block():
        fill(_FILL)
        create_indexes("case_api", _INDEXES, unique=True)
        execute(
            "ALTER TABLE case_api.case_statuses DROP CONSTRAINT IF EXISTS case_statuses_pkey,"
            f" ADD CONSTRAINT case_statuses_pkey PRIMARY KEY USING INDEX {_KEY}"
        )
        execute("DROP FUNCTION IF EXISTS case_api.keep_searched_case() CASCADE")
        execute("DROP TABLE IF EXISTS case_api.searched_cases")
        execute("VACUUM (ANALYZE) case_api.case_statuses, case_api.case_ids, case_api.case_creators")

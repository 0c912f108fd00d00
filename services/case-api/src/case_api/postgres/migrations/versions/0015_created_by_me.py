"""The index by which the caller's own cases are found, built while the services write."""

from alembic import op

from case_shared.database.migrations import create_indexes

revision = "0015"
down_revision = "0014"

_INDEXES = {"cases_by_subject": "case_api.cases (dealer, created_by_subject, created_at, web_case_id)"}


def upgrade() -> None:
    """Forward only; an index that was interrupted is begun anew."""
    with op.get_context().autocommit_block():
        create_indexes("case_api", _INDEXES)

"""The index by which cases whose personal data may have to end are found, built while the services write."""

from alembic import op

from case_shared.database.migrations import create_indexes

revision = "0018"
down_revision = "0017"

# No case ends before it was created, and neither column changes with a status (ADR 0016).
_INDEXES = {"cases_to_empty": "case_api.cases (created_at) WHERE emptied_at IS NULL"}


def upgrade() -> None:
    """Forward only; an index that was interrupted is begun anew."""
    with op.get_context().autocommit_block():
        create_indexes("case_api", _INDEXES)

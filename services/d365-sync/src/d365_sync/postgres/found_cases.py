"""D365's cases, stored while its books are compared with ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from case_shared.d365.models import D365Case
from case_shared.database.postgres import Pool
from d365_sync.postgres.statements import Statement


@dataclass(frozen=True)
class PostgresFoundCases:
    """Implements `app.ledger_d365.FoundCases`."""

    pool: Pool

    async def add(self, comparison: UUID, cases: Sequence[D365Case]) -> None:
        """Store more cases."""
        await self.pool.execute(
            Statement.KEEP_FOUND_CASES.text,
            comparison,
            [(case.web_case_id or "").strip().upper() for case in cases],
            [case.data_area_id for case in cases],
            [case.case_id for case in cases],
            [case.customer_account for case in cases],
            [case.submission_id for case in cases],
        )

    async def page(self, comparison: UUID, behind: str, web_case_ids: int) -> Sequence[D365Case]:
        """All cases of the next `web_case_ids` Web Case IDs, in order; none at the end."""
        rows = await self.pool.fetch(Statement.SELECT_FOUND_CASES.text, comparison, behind, web_case_ids)
        return [D365Case.model_construct(None, **dict(row)) for row in rows]

    async def drop(self, comparison: UUID) -> None:
        """Delete this comparison's cases, and those that interrupted comparisons left behind."""
        await self.pool.execute(Statement.DROP_FOUND_CASES.text, comparison)

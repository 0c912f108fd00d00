"""The registry of dealers, which status-sync keeps, as operators see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from case_shared.database.postgres import Pool
from d365_sync.app.search_d365 import Account
from d365_sync.domain.document import DocumentId
from d365_sync.postgres.queries import like
from d365_sync.postgres.statements import Statement


@dataclass(frozen=True)
class PostgresDealers:
    """Implements `app.search_d365.Registry`."""

    pool: Pool

    async def account(self, dealer: str) -> Account | None:
        """The dealer's customer account; None if the dealer is not registered."""
        row = await self.pool.fetchrow(Statement.FIND_DEALER.text, dealer)
        return Account(**row) if row else None

    async def documents_of(self, data_area_id: str, case_ids: Sequence[str]) -> dict[str, DocumentId]:
        """Which documents are linked to these cases."""
        rows = await self.pool.fetch(Statement.SELECT_TIED_DOCUMENTS.text, data_area_id, list(case_ids))
        return {row["case_id"]: DocumentId(row["web_case_id"], row["submission_no"]) for row in rows}

    async def page(
        self, text: str | None, behind: str | None, limit: int, *, active: bool | None, failed: bool | None
    ) -> list[dict[str, Any]]:
        """A page of dealers, by slug."""
        statement = Statement.SELECT_DEALERS.text
        return [dict(row) for row in await self.pool.fetch(statement, like(text), active, failed, behind, limit)]

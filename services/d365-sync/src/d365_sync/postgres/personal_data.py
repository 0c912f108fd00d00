"""Personal data in PostgreSQL: find cases and empty them."""

from collections.abc import Sequence
from dataclasses import dataclass

from case_shared.database.postgres import Pool
from case_shared.words.actor import Actor
from d365_sync.app.erase_personal_data import Found, Whose
from d365_sync.postgres.statements import Statement


@dataclass(frozen=True)
class PostgresPersonalData:
    """Implements `app.erase_personal_data.PersonalData`."""

    pool: Pool

    async def knows(self, dealer: str) -> bool:
        """Whether the dealer is registered."""
        return await self.pool.fetchrow(Statement.FIND_DEALER.text, dealer) is not None

    async def find(self, whose: Whose) -> list[Found]:
        """The cases, by Web Case ID."""
        statement = Statement.SELECT_PERSONAL_DATA.text
        rows = await self.pool.fetch(statement, whose.dealer, whose.web_case_id, whose.user, whose.contact)
        return [Found(row["web_case_id"], row["on_its_way"]) for row in rows]

    async def erase(self, web_case_ids: Sequence[str], actor: Actor, reason: str) -> list[str]:
        """Empty these cases, unless on their way, in one transaction with the audit; return those emptied."""
        rows = await self.pool.fetch(Statement.ERASE_PERSONAL_DATA.text, list(web_case_ids), actor, reason)
        return [row["web_case_id"] for row in rows]

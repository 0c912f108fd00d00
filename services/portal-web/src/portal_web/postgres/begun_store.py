"""Stores which case was begun at which address, in PostgreSQL."""

import hashlib
from dataclasses import dataclass

from case_shared.database.postgres import Pool
from portal_web.app.save_new import Begun
from portal_web.postgres.statements import Statement


def _id(dealer: str, key: str) -> bytes:
    return hashlib.sha256(f"{dealer}\x00{key}".encode()).digest()


@dataclass(frozen=True)
class PostgresBegunStore:
    """Implements `app.save_new.BegunCases`."""

    pool: Pool

    async def find(self, dealer: str, key: str) -> Begun | None:
        """The case that was begun there."""
        row = await self.pool.fetchrow(Statement.FIND_BEGUN.text, _id(dealer, key))
        return Begun(row["web_case_id"], row["etag"], row["page"]) if row else None

    async def put(self, dealer: str, key: str, begun: Begun) -> None:
        """Remember it for a week."""
        await self.pool.execute(Statement.PUT_BEGUN.text, _id(dealer, key), begun.web_case_id, begun.etag, begun.page)

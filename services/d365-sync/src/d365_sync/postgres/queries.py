"""What operators read: documents, groups, replays, unreadable records, the audit, the ledger."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from case_shared.database.postgres import Pool
from d365_sync.app.ledger_d365 import Entry
from d365_sync.app.reads import AuditFilter, Filter, Place, Row
from d365_sync.domain.document import DocumentId, State, known_cause
from d365_sync.domain.ledger import JUDGED_SECONDS
from d365_sync.postgres.statements import Statement


@dataclass(frozen=True)
class Queries:
    """Implements `app.reads.ReadsQueue`."""

    pool: Pool

    async def documents(self, wanted: Filter, behind: Place | None, limit: int) -> list[Row]:
        """A page of documents, newest first."""
        return await self._rows(
            Statement.SELECT_DOCUMENTS,
            [state.value for state in wanted.states],
            wanted.dealer,
            wanted.cause,
            wanted.older_than_seconds,
            like(wanted.text),
            behind.created_at if behind else None,
            behind.id.web_case_id if behind else None,
            behind.id.submission_no if behind else None,
            limit,
            wanted.alarm,
        )

    async def document(self, document_id: DocumentId) -> Row | None:
        """One document with every attempt; None if it does not exist."""
        rows = await self._rows(Statement.SELECT_DOCUMENT, *document_id)
        return rows[0] if rows else None

    async def notes(self, document_id: DocumentId, below: int | None, limit: int) -> list[Row]:
        """A page of a document's notes, newest first."""
        return await self._rows(Statement.SELECT_NOTES, *document_id, below, limit)

    async def groups(self) -> list[Row]:
        """Dead letters by cause."""
        return await self._rows(Statement.SELECT_DOCUMENT_GROUPS)

    async def unreadable_records(
        self,
        topic: str | None,
        seen: bool | None,
        below: int | None,
        limit: int,
    ) -> list[Row]:
        """A page of records that could not be read, newest first."""
        return await self._rows(Statement.SELECT_UNREADABLE_RECORDS, topic, seen, below, limit)

    async def unreadable_record(self, record_id: int) -> Row | None:
        """One of them; None if it does not exist."""
        rows = await self._rows(Statement.SELECT_UNREADABLE_RECORD, record_id)
        return rows[0] if rows else None

    async def paused_consumers(self) -> list[Row]:
        """Consumers that a flood of unreadable records has stopped, of all services."""
        return await self._rows(Statement.SELECT_PAUSED_CONSUMERS)

    async def audit(self, wanted: AuditFilter, below: int | None, limit: int) -> list[Row]:
        """A page of the audit, newest first."""
        key = wanted.document or (None, None)
        more = (wanted.replay, wanted.actor, wanted.action, wanted.since, wanted.until)
        return await self._rows(Statement.SELECT_AUDIT, *key, *more, below, limit)

    async def replays(self, behind: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
        """A page of replays, newest first."""
        return await self._rows(Statement.SELECT_REPLAYS, *(behind or (None, None)), limit)

    async def replay(self, replay_id: UUID) -> Row | None:
        """One replay; None if it does not exist."""
        rows = await self._rows(Statement.SELECT_REPLAY, replay_id)
        return rows[0] if rows else None

    async def replay_documents(self, replay_id: UUID, behind: int, outcome: str | None, limit: int) -> list[Row]:
        """A page of a replay's documents, oldest first."""
        return await self._rows(Statement.SELECT_REPLAY_DOCUMENTS, replay_id, behind, outcome, limit)

    async def entries(
        self, behind: DocumentId, up_to: str | None, limit: int, older_than_seconds: float
    ) -> list[Entry]:
        """Documents after `behind`, up to a Web Case ID (None: to the end), to compare with D365's books."""
        rows = await self.pool.fetch(Statement.SELECT_BOOKS.text, *behind, up_to, limit, older_than_seconds)
        return [_entry(row) for row in rows]

    async def ledger(self, older_than_seconds: float = JUDGED_SECONDS) -> Row:
        """The ledger's counts, from one snapshot."""
        return (await self._rows(Statement.SELECT_LEDGER, older_than_seconds))[0]

    async def _rows(self, statement: Statement, *arguments: Any) -> list[Row]:
        return [dict(row) for row in await self.pool.fetch(statement.text, *arguments)]


def _entry(row: asyncpg.Record) -> Entry:
    return Entry(
        id=DocumentId(row["web_case_id"], row["submission_no"]),
        submission_id=UUID(int=row["submission_id"].int),
        data_area_id=row["data_area_id"],
        customer_account=row["customer_account"],
        state=State(row["state"]),
        cause=known_cause(row["cause"]),
        case_id=row["case_id"],
        judged=row["judged"],
        other_delivered=row["other_delivered"],
    )


def like(text: str | None) -> str | None:
    """The LIKE pattern for what contains `text`, without the space around it; None if there is no text."""
    if not text or not text.strip():
        return None
    escaped = text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"

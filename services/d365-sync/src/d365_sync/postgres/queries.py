"""What operators read: documents, groups, unreadable records, the audit, the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from case_shared.postgres import Pool, load_sql
from d365_sync.domain.document import DocumentId, State

_PACKAGE = "d365_sync.postgres"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents; None filters nothing."""

    states: Sequence[State] = tuple(State)
    dealer: str | None = None
    cause: str | None = None
    older_than_seconds: float | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The last document of a page."""

    created_at: datetime
    id: DocumentId


@dataclass(frozen=True)
class Queries:
    """Reads for the operators' API; rows as dictionaries, by column."""

    pool: Pool

    async def documents(self, wanted: Filter, behind: Place | None, limit: int) -> list[Row]:
        """A page of documents, newest first."""
        return await self._rows(
            "select_documents",
            [state.value for state in wanted.states],
            wanted.dealer,
            wanted.cause,
            wanted.older_than_seconds,
            _like(wanted.text),
            behind.created_at if behind else None,
            behind.id.web_case_id if behind else None,
            behind.id.submission_no if behind else None,
            limit,
        )

    async def document(self, document_id: DocumentId) -> Row | None:
        """One document with every attempt; None where there is none."""
        rows = await self._rows("select_document", *document_id)
        return rows[0] if rows else None

    async def groups(self) -> list[Row]:
        """Dead letters by cause."""
        return await self._rows("select_document_groups")

    async def unreadable_records(self, below: int | None, limit: int) -> list[Row]:
        """A page of records that could not be read, newest first."""
        return await self._rows("select_unreadable_records", below, limit)

    async def audit(self, document_id: DocumentId | None, below: int | None, limit: int) -> list[Row]:
        """A page of the audit, newest first."""
        key = document_id or (None, None)
        return await self._rows("select_audit", *key, below, limit)

    async def ledger(self) -> Row:
        """The ledger's counts, of one snapshot."""
        return (await self._rows("select_ledger"))[0]

    async def _rows(self, statement: str, *arguments: Any) -> list[Row]:
        return [dict(row) for row in await self.pool.fetch(load_sql(_PACKAGE, statement), *arguments)]


def _like(text: str | None) -> str | None:
    if not text:
        return None
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"

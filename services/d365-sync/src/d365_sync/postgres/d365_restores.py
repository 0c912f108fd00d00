"""Restores of D365 in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import ValidationError

from case_shared.d365.models import CaseToCreate
from case_shared.database.postgres import Pool
from case_shared.words.events import CaseContent
from d365_sync.app.ports import Leader
from d365_sync.app.restore_d365 import LookedUpDocument, Redelivery, RestoreOrder, RestorePage, RunningRestore
from d365_sync.domain.document import DocumentId, State, case_to_create, known_cause
from d365_sync.postgres.statements import Statement

_UNSURE_SHOWN = 100


@dataclass(frozen=True)
class PostgresRestores:
    """Implements `app.restore_d365.Restores`."""

    pool: Pool

    async def order(self, order: RestoreOrder) -> UUID | None:
        """Store an order; None if one is in progress."""
        row = await self.pool.fetchval(
            Statement.ORDER_D365_RESTORE.text, order.since, order.dry_run, order.actor, order.reason
        )
        return UUID(int=row.int) if row else None

    async def running(self) -> RunningRestore | None:
        """The restore in progress."""
        row = await self.pool.fetchrow(Statement.SELECT_RUNNING_D365_RESTORE.text)
        return RunningRestore(UUID(int=row["restore_id"].int), row["since"], row["dry_run"]) if row else None

    async def page(self, restore_id: UUID, limit: int) -> RestorePage | None:
        """What to look up next; None if nothing is left."""
        rows = await self.pool.fetch(Statement.SELECT_D365_RESTORE_PAGE.text, restore_id, limit)
        if not rows:
            return None
        return RestorePage(rows[0]["data_area_id"], rows[0]["began_at"], [_redelivery(row) for row in rows])

    async def store(
        self, restore_id: UUID, leader: Leader, began_at: datetime, found: Sequence[LookedUpDocument]
    ) -> None:
        """Store the findings, and put what is gone back into the queue."""
        findings = [
            {
                "place": one.document.place,
                "web_case_id": one.document.id.web_case_id,
                "submission_no": one.document.id.submission_no,
                "revision": one.document.revision,
                "outcome": one.outcome,
                "detail": one.detail,
            }
            for one in found
        ]
        statement = Statement.STORE_D365_RESTORE_FINDINGS.text
        await self.pool.execute(statement, restore_id, findings, began_at, leader.name, leader.token)

    async def complete(self, restore_id: UUID) -> None:
        """End a restore that has nothing left to look up."""
        await self.pool.execute(Statement.COMPLETE_D365_RESTORE.text, restore_id)

    async def hold_up(self, restore_id: UUID, why: str) -> None:
        """Note why the restore makes no progress."""
        await self.pool.execute(Statement.HOLD_UP_D365_RESTORE.text, restore_id, why)

    async def shown(self, restore_id: UUID) -> dict[str, Any] | None:
        """A restore with its counts; None if there is none with that ID."""
        row = await self.pool.fetchrow(Statement.SELECT_D365_RESTORE.text, restore_id, _UNSURE_SHOWN, 1)
        return dict(row) if row else None

    async def newest(self, limit: int) -> list[dict[str, Any]]:
        """The last restores with their counts, newest first."""
        rows = await self.pool.fetch(Statement.SELECT_D365_RESTORE.text, None, _UNSURE_SHOWN, limit)
        return [dict(row) for row in rows]


def _redelivery(row: asyncpg.Record) -> Redelivery:
    return Redelivery(
        place=row["place"],
        id=DocumentId(row["web_case_id"], row["submission_no"]),
        submission_id=UUID(int=row["submission_id"].int),
        state=State(row["state"]),
        cause=known_cause(row["cause"]),
        case_id=row["case_id"],
        revision=row["revision"],
        customer_account=row["customer_account"],
        case=_case(row),
    )


def _case(row: asyncpg.Record) -> CaseToCreate | None:
    try:
        content = CaseContent.model_validate(row["content"]) if row["content"] else None
    except ValidationError:
        return None
    if content is None:
        return None
    key = DocumentId(row["web_case_id"], row["submission_no"])
    submission_id = UUID(int=row["submission_id"].int)
    return case_to_create(key, submission_id, row["data_area_id"], row["customer_account"], content, row["created_by"])

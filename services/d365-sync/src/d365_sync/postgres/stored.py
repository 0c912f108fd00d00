"""How D365 stored the cases of documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from pydantic import ValidationError

from case_shared.d365.echo import Difference
from case_shared.database.postgres import Pool
from case_shared.process.telemetry import trace_id_of
from case_shared.words.events import CaseContent
from d365_sync.app.compare_stored import Delivered
from d365_sync.domain.document import DocumentId, case_to_create
from d365_sync.postgres.statements import Statement

log = structlog.get_logger(__name__)


def as_json(differences: Sequence[Difference] | None) -> list[dict[str, str]] | None:
    """The differences as a document stores them; null: nothing is known."""
    return None if differences is None else [one._asdict() for one in differences]


@dataclass(frozen=True)
class PostgresStored:
    """Implements `app.compare_stored.Stored`."""

    pool: Pool

    async def due(self, limit: int) -> list[Delivered]:
        """Delivered documents that are not compared yet."""
        found = []
        for row in await self.pool.fetch(Statement.SELECT_TO_COMPARE.text, limit):
            document = DocumentId(row["web_case_id"], row["submission_no"])
            try:
                content = CaseContent.model_validate(row["content"])
            except ValidationError:
                # What was sent is unreadable: an older version of this service wrote it.
                log.error("not_comparable", document=str(document), trace_id=trace_id_of(row["traceparent"]))
                await self.pool.execute(Statement.NOTE_COMPARED.text, *document, row["case_id"], [])
                continue
            submission_id = UUID(int=row["submission_id"].int)
            place = (row["data_area_id"], row["customer_account"])
            sent = case_to_create(document, submission_id, *place, content, row["created_by"])
            found.append(Delivered(document, row["case_id"], sent))
        return found

    async def note(self, document: Delivered, found: Sequence[Difference]) -> None:
        """Note what differs; a difference is an alarm."""
        changes = as_json(found) or []
        await self.pool.execute(Statement.NOTE_COMPARED.text, *document.id, document.case_id, changes)

    async def postpone(self, documents: Sequence[Delivered], seconds: float) -> None:
        """Try again after `seconds`: D365 gave no answer."""
        keys = [list(column) for column in zip(*(one.id for one in documents), strict=True)]
        await self.pool.execute(Statement.COMPARE_LATER.text, *keys, seconds)

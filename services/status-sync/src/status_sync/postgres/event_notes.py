"""Table event_notes: what became of D365's events; and what is known of the cases that they name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from case_shared.database.postgres import Connection
from status_sync.domain.due_reads import CaseKey, KeyKind
from status_sync.domain.event_notes import Note, Standing
from status_sync.domain.recognition import Recognized
from status_sync.postgres.statements import Statement


@dataclass(frozen=True)
class EventNoteStore:
    """Statements in the batch's transaction."""

    async def standings(self, connection: Connection, events: Sequence[Recognized]) -> Sequence[Standing]:
        """Return what is known about the case of each event, in their order."""
        rows = await connection.fetch(
            Statement.FIND_STANDINGS.text,
            [event.legal_entity for event in events],
            [event.case.key if event.case and event.case.kind is KeyKind.CASE_ID else "" for event in events],
            [event.web_case_id for event in events],
        )
        return [Standing(row["registered"], row["known"], _own(row)) for row in rows]

    async def note(self, connection: Connection, notes: Sequence[tuple[Note, int]]) -> None:
        """Count these notes (sorted, each once), and store that they came now."""
        await connection.execute(
            Statement.NOTE_EVENTS.text,
            [note.kind for note, _count in notes],
            [note.subject for note, _count in notes],
            [count for _note, count in notes],
        )


def _own(row: Any) -> CaseKey | None:
    if row["own_web_case_id"] is None:
        return None
    if row["own_case_id"] is None:
        return CaseKey(row["own_area"], KeyKind.WEB_CASE_ID, row["own_web_case_id"])
    return CaseKey(row["own_area"], KeyKind.CASE_ID, row["own_case_id"])

"""The read model: D365's side of case_api.cases, and the rows born in D365."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from case_shared.d365.gate import Party, Written
from case_shared.d365.models import D365Case
from case_shared.database.postgres import Connection
from case_shared.words.events import CaseStatus
from status_sync.app.announce_changes import Changed
from status_sync.app.apply_read import Applied
from status_sync.app.forget_lost import Lost
from status_sync.app.link_delivered import Delivered, Linked
from status_sync.app.plan_read import Insert, Leaving, Removal, Second, Update
from status_sync.domain.placement import CaseNumber, Dealer, KnownCase, Origin, Unfollowed
from status_sync.domain.texts import SeenText
from status_sync.postgres.statements import Statement


class CaseStore:
    """Statements over the read model, each in the caller's transaction."""

    async def lock(self, connection: Connection) -> datetime:
        """Keep other transactions from writing D365's side of the read model until this one ends; return the time."""
        now: datetime = await connection.fetchval(Statement.LOCK_D365_SIDE.text)
        return now

    async def find_known(
        self, connection: Connection, numbers: Sequence[CaseNumber], web_case_ids: Sequence[str]
    ) -> Sequence[KnownCase]:
        """Return the rows with one of these Case IDs (followed or not) or Web Case IDs; locks them in one order."""
        rows = await connection.fetch(Statement.FIND_KNOWN_CASES.text, *_columns(numbers, 2), web_case_ids)
        return [_known(row) for row in rows]

    async def find_texts(
        self, connection: Connection, numbers: Collection[CaseNumber], digests: Collection[bytes]
    ) -> Mapping[CaseNumber, Collection[SeenText]]:
        """Return who owned the cases with these numbers when their texts with these digests were first seen."""
        rows = await connection.fetch(Statement.FIND_TEXTS.text, *_columns(list(numbers), 2), list(digests))
        texts: dict[CaseNumber, list[SeenText]] = {}
        for row in rows:
            written = Written(Party(row["written_area"], row["written_account"]), row["written_type"])
            texts.setdefault((row["data_area_id"], row["case_id"]), []).append(SeenText(row["digest"], written))
        return texts

    async def store_texts(
        self, connection: Connection, began_at: datetime, texts: Collection[tuple[CaseNumber, SeenText]]
    ) -> None:
        """Note texts that a read starting at `began_at` first showed."""
        rows = [(*number, text.digest, *text.written.party, text.written.category_type) for number, text in texts]
        await connection.execute(Statement.STORE_TEXTS.text, began_at, *_columns(sorted(rows)))

    async def leave_unfollowed(
        self, connection: Connection, began_at: datetime, leaving: Sequence[Leaving], unsettled: Collection[str]
    ) -> Sequence[Applied]:
        """Stop following these rows; `unsettled`: those that the same read will follow elsewhere."""
        rows = [(row.web_case_id, row.case_id, row.why, row.web_case_id not in unsettled) for row in leaving]
        return _applied(await connection.fetch(Statement.LEAVE_UNFOLLOWED.text, began_at, *_columns(rows)))

    async def find_dealers(self, connection: Connection, found: Sequence[D365Case]) -> Mapping[CaseNumber, Dealer]:
        """Return the registered dealer of each case that has one."""
        accounts = [case.customer_account for case in found]
        rows = await connection.fetch(Statement.FIND_DEALERS.text, *_numbers(found), accounts)
        return {(row["data_area_id"], row["case_id"]): Dealer(row["dealer"], row["active"]) for row in rows}

    async def store_moved(self, connection: Connection, moved: Mapping[str, CaseNumber | None]) -> None:
        """Note where the records of moved cases are, under another number; None: no longer elsewhere."""
        rows = [(web_case_id, *(number or (None, None))) for web_case_id, number in moved.items()]
        await connection.execute(Statement.STORE_MOVED_RECORDS.text, *_columns(rows))

    async def remove_born(self, connection: Connection, removals: Sequence[Removal]) -> Sequence[Applied]:
        """Remove rows born in D365, and return them; their statuses move to the rows that replace them."""
        return _applied(await connection.fetch(Statement.REMOVE_BORN_CASES.text, *_columns(removals)))

    async def remove_born_as(self, connection: Connection, delivered: Sequence[Delivered]) -> Sequence[Changed]:
        """Remove the rows born in D365 that represent these cases, and return them."""
        rows = await connection.fetch(Statement.REMOVE_BORN_AS.text, *_columns(delivered))
        return [_changed(row) for row in rows]

    async def find_delivered(self, connection: Connection, web_case_ids: Sequence[str]) -> Sequence[Delivered]:
        """Return the newest Case ID that d365-sync has for each of these cases, sorted; omits those without one."""
        rows = await connection.fetch(Statement.FIND_DELIVERED.text, web_case_ids)
        return sorted(Delivered(**row) for row in rows)

    async def find_unlinked(self, connection: Connection) -> Sequence[Delivered]:
        """Return the Case IDs of cases that have been delivered for a while and have none in the read model, sorted."""
        return [Delivered(**row) for row in await connection.fetch(Statement.FIND_UNLINKED.text)]

    async def link(self, connection: Connection, delivered: Sequence[Delivered]) -> Sequence[Linked]:
        """Store the Case IDs of cases that have none, or had one that is no longer theirs."""
        rows = await connection.fetch(Statement.LINK_DELIVERED_CASES.text, *_columns(delivered))
        return [
            Linked(row["web_case_id"], row["case_id"], row["linked"], _changed(row) if row["changed"] else None)
            for row in rows
        ]

    async def find_once_lost(self, connection: Connection) -> Sequence[str]:
        """Return the cases that D365 has ever lost in a restore, sorted."""
        return [row["web_case_id"] for row in await connection.fetch(Statement.FIND_ONCE_LOST.text)]

    async def find_lost(self, connection: Connection, web_case_ids: Sequence[str]) -> Sequence[Lost]:
        """Return those of these cases that D365 lost after it last showed them, sorted."""
        return [Lost(**row) for row in await connection.fetch(Statement.FIND_LOST_CASES.text, web_case_ids)]

    async def forget_lost(self, connection: Connection, lost: Sequence[Lost]) -> Sequence[Changed]:
        """Empty D365's side of these rows; return them with the Case IDs that they had."""
        rows = await connection.fetch(Statement.FORGET_LOST_CASES.text, *_columns(lost, 2))
        return [_changed(row) for row in rows]

    async def last_hidden(self, connection: Connection) -> datetime | None:
        """Return when the newest read began that showed a case hidden from dealers; None before the first."""
        began_at: datetime | None = await connection.fetchval(Statement.LAST_HIDDEN.text)
        return began_at

    async def note_hidden(self, connection: Connection, began_at: datetime) -> None:
        """Note that a read starting at `began_at` showed such a case."""
        await connection.execute(Statement.NOTE_HIDDEN.text, began_at)

    async def note_second(self, connection: Connection, began_at: datetime, second: Sequence[Second]) -> None:
        """Report to d365-sync the cases whose submission already has another case; a repeat changes nothing."""
        await connection.execute(Statement.NOTE_SECOND_CASES.text, *_columns(second), began_at)

    async def update(self, connection: Connection, began_at: datetime, updates: Sequence[Update]) -> Sequence[Applied]:
        """Take over what the read showed, if it began after the last one."""
        rows = [
            (
                update.web_case_id,
                update.found.case_id,
                update.found.status,
                update.mapped,
                *_copies(update.found),
                update.withheld,
                update.named,
            )
            for update in updates
        ]
        return _applied(await connection.fetch(Statement.UPDATE_FROM_READ.text, began_at, *_columns(rows)))

    async def insert_born(
        self, connection: Connection, began_at: datetime, inserts: Sequence[Insert]
    ) -> Sequence[Applied]:
        """Insert rows born in D365; omits those whose Web Case ID is taken."""
        rows = [
            (
                insert.web_case_id,
                insert.dealer,
                insert.found.data_area_id.lower(),
                insert.found.customer_account,
                insert.found.case_id,
                insert.found.status,
                insert.mapped,
                *_copies(insert.found, withheld=insert.withheld),
            )
            for insert in inserts
        ]
        return _applied(await connection.fetch(Statement.INSERT_BORN_CASES.text, began_at, *_columns(rows)))


def _known(row: Any) -> KnownCase:
    known = dict(row)
    area, case_id = known.pop("moved_area"), known.pop("moved_case_id")
    return KnownCase(
        **{
            **known,
            "origin": Origin(row["origin"]),
            "submission_ids": tuple(row["submission_ids"]),
            "unfollowed": Unfollowed(row["unfollowed"]) if row["unfollowed"] else None,
            "moved_to": (area, case_id) if case_id else None,
        }
    )


def _copies(found: D365Case, *, withheld: bool = False) -> tuple[Any, ...]:
    description = None if withheld else found.description
    return found.category, found.category_type, found.priority, description, found.modified_at


def _numbers(found: Sequence[D365Case]) -> tuple[list[str], list[str]]:
    return [case.data_area_id.lower() for case in found], [case.case_id for case in found]


def _columns(rows: Sequence[tuple[Any, ...]], width: int = 0) -> list[list[Any]]:
    """Turn rows into columns; `width`: the number of columns if there are no rows."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _changed(row: Any) -> Changed:
    fields = {name: row[name] for name in Changed._fields}
    return Changed(**{**fields, "status": CaseStatus(row["status"])})


def _applied(rows: Sequence[Any]) -> list[Applied]:
    return [Applied(**{**row, "status": CaseStatus(row["status"])}) for row in rows]

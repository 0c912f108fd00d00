"""The read model: D365's side of case_api.cases, and the rows born in D365."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from case_shared.d365.models import D365Case
from case_shared.events import CaseStatus
from case_shared.postgres import Connection
from status_sync.app.apply_read import Applied, CaseNumber, Insert, Removal, Update
from status_sync.app.note_deliveries import Delivered, Linked
from status_sync.domain.placement import Dealer, KnownCase, Origin
from status_sync.postgres import statement


class CaseStore:
    """Statements over the read model, each in the caller's transaction."""

    async def lock(self, connection: Connection) -> None:
        """Let no other transaction write D365's side of the read model until this one ends."""
        await connection.execute(statement("lock_d365_side"))

    async def find_known(self, connection: Connection, found: Sequence[D365Case]) -> Sequence[KnownCase]:
        """The rows with a Case ID or a Web Case ID of `found`, locked in one order."""
        web_case_ids = sorted({case.web_case_id.upper() for case in found if case.web_case_id})
        rows = await connection.fetch(statement("find_known_cases"), *_numbers(found), web_case_ids)
        return [
            KnownCase(**{**row, "origin": Origin(row["origin"]), "submission_ids": tuple(row["submission_ids"])})
            for row in rows
        ]

    async def find_dealers(self, connection: Connection, found: Sequence[D365Case]) -> Mapping[CaseNumber, Dealer]:
        """The registered dealer of each case that has one."""
        accounts = [case.customer_account for case in found]
        rows = await connection.fetch(statement("find_dealers"), *_numbers(found), accounts)
        return {(row["data_area_id"], row["case_id"]): Dealer(row["dealer"], row["active"]) for row in rows}

    async def remove_born(self, connection: Connection, removals: Sequence[Removal]) -> None:
        """Remove rows born in D365; what statuses they had goes over to the rows that take their places."""
        await connection.execute(statement("remove_born_cases"), *_columns(removals))

    async def remove_born_as(self, connection: Connection, delivered: Sequence[Delivered]) -> None:
        """Remove rows born in D365 that stand for these cases."""
        await connection.execute(statement("remove_born_as"), *_columns(delivered))

    async def link(self, connection: Connection, delivered: Sequence[Delivered]) -> Sequence[Linked]:
        """Write the Case IDs of cases that have none yet."""
        rows = await connection.fetch(statement("link_delivered_cases"), *_columns(delivered))
        return [Linked(**row) for row in rows]

    async def last_hidden(self, connection: Connection) -> datetime | None:
        """When the newest read began that showed a case which dealers may not see."""
        began_at: datetime | None = await connection.fetchval(statement("last_hidden"))
        return began_at

    async def note_hidden(self, connection: Connection, began_at: datetime) -> None:
        """A read that began then showed such a case."""
        await connection.execute(statement("note_hidden"), began_at)

    async def update(self, connection: Connection, began_at: datetime, updates: Sequence[Update]) -> Sequence[Applied]:
        """Take over what the read showed, where it began after the last one."""
        rows = [
            (
                update.web_case_id,
                update.found.case_id,
                update.found.status,
                update.mapped,
                *_copies(update.found),
            )
            for update in updates
        ]
        return _applied(await connection.fetch(statement("update_from_read"), began_at, *_columns(rows)))

    async def insert_born(
        self, connection: Connection, began_at: datetime, inserts: Sequence[Insert]
    ) -> Sequence[Applied]:
        """Insert rows born in D365; those whose Web Case ID is taken are left out."""
        rows = [
            (
                insert.web_case_id,
                insert.dealer,
                insert.found.data_area_id.lower(),
                insert.found.customer_account,
                insert.found.case_id,
                insert.found.status,
                insert.mapped,
                *_copies(insert.found),
            )
            for insert in inserts
        ]
        return _applied(await connection.fetch(statement("insert_born_cases"), began_at, *_columns(rows)))


def _copies(found: D365Case) -> tuple[Any, ...]:
    return found.category, found.category_type, found.priority, found.description, found.modified_at


def _numbers(found: Sequence[D365Case]) -> tuple[list[str], list[str]]:
    return [case.data_area_id.lower() for case in found], [case.case_id for case in found]


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _applied(rows: Sequence[Any]) -> list[Applied]:
    return [Applied(**{**row, "status": CaseStatus(row["status"])}) for row in rows]

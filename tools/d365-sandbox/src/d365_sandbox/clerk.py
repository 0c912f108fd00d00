"""The clerk of D365: moves cases by hand, or automatically on request."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from d365_sandbox.cases import Books
from d365_sandbox.entities import CASES, Kind, to_stored
from d365_sandbox.odata_errors import ODataError
from d365_sandbox.records import Values, get_for_write, to_values
from d365_sandbox.store import Store
from d365_sandbox.validation import shortened

NEXT_STATUS = {"None": "InProcess", "InProcess": "Planned", "Planned": "Closed"}
SHORTEST_LOOK_SECONDS = 0.05

DUE = """
SELECT dataAreaId, CaseId, CaseStatus FROM CaseDetailBase
WHERE CaseStatus = ? AND status_changed_at <= ? AND WebCaseId <> '' LIMIT 200
"""


@dataclass(slots=True)
class Clerk:
    """The person who changes statuses in D365; `auto` takes every case of the portal through its statuses."""

    store: Store
    books: Books
    auto: bool
    step_seconds: float

    async def move(self, company: str, case_id: str, status: str) -> sqlite3.Row:
        """Sets a case's status; raises `ODataError` for an unknown status or case. Any move is allowed."""
        entity = self.books.catalog[CASES]
        values: Values = {"CaseStatus": to_stored(entity, "CaseStatus", status)}
        key: Values = {"dataAreaId": company, "CaseId": case_id}
        return await self.store.submit(
            lambda connection: self.books.change(connection, entity, key, values, None, self._now())
        )

    async def rewrite(
        self, company: str, case_id: str, body: Mapping[str, object], *, event: bool | None = False
    ) -> sqlite3.Row:
        """Moves a case to another customer, category type or legal entity, or renumbers it; any field may change.

        `event`: as for `Books.rewrite`. Raises `ODataError` for an unknown field, value or case.
        """
        values = self._values(body)
        key: Values = {"dataAreaId": company, "CaseId": case_id}
        return await self.store.submit(
            lambda connection: self.books.rewrite(connection, key, values, self._now(), event=event)
        )

    async def cut(self, company: str, case_id: str, name: str, length: int, *, event: bool = False) -> sqlite3.Row:
        """Shortens a text to `length` UTF-16 units, which may leave half a surrogate pair; raises `ODataError`."""
        entity = self.books.catalog[CASES]
        if entity.field(name).kind is not Kind.STRING:
            raise ODataError(400, f"The field '{name}' is not a text field.")
        key: Values = {"dataAreaId": company, "CaseId": case_id}

        def shorten(connection: sqlite3.Connection) -> sqlite3.Row:
            before = get_for_write(connection, entity, key, None)
            values: Values = {name: shortened(before[name], length)}
            return self.books.rewrite(connection, key, values, self._now(), event=event)

        return await self.store.submit(shorten)

    async def delete(self, company: str, case_id: str, *, event: bool = False) -> None:
        """Deletes a case; raises `ODataError` for an unknown one."""
        key: Values = {"dataAreaId": company, "CaseId": case_id}
        await self.store.submit(lambda connection: self.books.delete_case(connection, key, self._now(), event=event))

    def _now(self) -> float:
        return self.books.environment.now()

    def _values(self, body: Mapping[str, object]) -> Values:
        """The body's fields; unlike a client of D365, the clerk may set the Case ID."""
        entity = self.books.catalog[CASES]
        values = to_values(entity, {name: value for name, value in body.items() if name != "CaseId"})
        if body.get("CaseId"):
            values["CaseId"] = to_stored(entity, "CaseId", body["CaseId"])
        return values

    async def create(self, body: Mapping[str, object]) -> sqlite3.Row:
        """Creates a case in D365; the body is as for a POST to the entity set, perhaps with a (used) Case ID."""
        entity = self.books.catalog[CASES]
        values = self._values(body)
        return await self.store.submit(lambda connection: self.books.create(connection, entity, values, self._now()))

    async def run(self) -> None:
        """Looks for cases whose next step is due, forever."""
        while True:
            await asyncio.sleep(max(self.step_seconds / 4, SHORTEST_LOOK_SECONDS))
            if self.auto:
                await self._advance()

    async def _advance(self) -> None:
        before = self._now() - self.step_seconds
        due = [row for status in NEXT_STATUS for row in self.store.read(DUE, (status, before))]
        for row in due:
            with contextlib.suppress(ODataError):  # changed or deleted since it was read
                await self.move(row["dataAreaId"], row["CaseId"], NEXT_STATUS[row["CaseStatus"]])

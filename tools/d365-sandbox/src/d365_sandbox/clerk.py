"""The clerk of D365: moves cases by hand, and on request by itself."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass

from d365_sandbox.cases import CASES, Books
from d365_sandbox.entities import to_stored
from d365_sandbox.odata_errors import ODataError
from d365_sandbox.records import Values, to_values
from d365_sandbox.store import Store

NEXT_STATUS = {"None": "InProcess", "InProcess": "Planned", "Planned": "Closed"}
SHORTEST_LOOK_SECONDS = 0.05

DUE = """
SELECT dataAreaId, CaseId, CaseStatus FROM CaseDetailBase
WHERE CaseStatus = ? AND status_changed_at <= ? AND WebCaseId <> '' LIMIT 200
"""


@dataclass(slots=True)
class Clerk:
    """Whoever changes statuses in D365; `auto` takes every case of the portal through its life."""

    store: Store
    books: Books
    auto: bool
    step_seconds: float

    async def move(self, company: str, case_id: str, status: str) -> sqlite3.Row:
        """Sets a case's status; raises `ODataError` for an unknown status or case. Any move is allowed."""
        entity = self.books.catalogue[CASES]
        values: Values = {"CaseStatus": to_stored(entity, "CaseStatus", status)}
        key: Values = {"dataAreaId": company, "CaseId": case_id}
        return await self.store.submit(
            lambda connection: self.books.change(connection, entity, key, values, None, time.time())
        )

    async def create(self, body: Mapping[str, object]) -> sqlite3.Row:
        """A case born in D365; the body is as for a POST to the entity set."""
        entity = self.books.catalogue[CASES]
        values = to_values(entity, body)
        return await self.store.submit(lambda connection: self.books.create(connection, entity, values, time.time()))

    async def run(self) -> None:
        """Looks for cases whose next step is due, for ever."""
        while True:
            await asyncio.sleep(max(self.step_seconds / 4, SHORTEST_LOOK_SECONDS))
            if self.auto:
                await self._advance()

    async def _advance(self) -> None:
        before = time.time() - self.step_seconds
        due = [row for status in NEXT_STATUS for row in self.store.read(DUE, (status, before))]
        for row in due:
            with contextlib.suppress(ODataError):  # changed or deleted since it was read
                await self.move(row["dataAreaId"], row["CaseId"], NEXT_STATUS[row["CaseStatus"]])

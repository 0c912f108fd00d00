"""Cases in PostgreSQL: each method is one statement and one round trip."""

from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass, fields

import asyncpg

from case_api.app.stores import Added, Deletion, Key, WebCaseIdTaken
from case_api.domain.case import Case, Content
from case_api.domain.dealers import Dealer
from case_api.domain.errors import KeyInUse
from case_api.domain.timeline import PastSubmission, Status
from case_api.postgres.rows import case_as_added, case_of, change_of, submission_of
from case_api.postgres.statements import Statement
from case_shared.database.postgres import Pool
from case_shared.words.actor import Actor

_COLUMNS = [column.name for column in fields(Content)]


@dataclass(frozen=True, slots=True)
class PostgresCaseStore:
    """case_api.app.stores.CaseStore."""

    pool: Pool

    async def add(
        self, web_case_id: str, dealer: Dealer, content: Content, created_by: Actor, key: Key | None
    ) -> Added:
        """Add a draft, or find what `key` has added before."""
        who = (dealer.dealer, dealer.data_area_id, dealer.customer_account)
        keyed = (key.subject, key.key, key.request_hash, key.issuer) if key else (None, None, b"", None)
        arguments = (web_case_id, *who, *astuple(content), created_by, *keyed)
        try:
            row = await self.pool.fetchrow(Statement.CREATE_CASE.text, *arguments)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name == "cases_pkey":
                raise WebCaseIdTaken(web_case_id) from error
            # The request with this key ended between our snapshot and our lock: now its answer is visible.
            row = await self.pool.fetchrow(Statement.CREATE_CASE.text, *arguments)
        if row is None:
            raise KeyInUse("another request with this Idempotency-Key is under way")
        return _added(row, created=row["created"])

    async def recall(self, dealer: str, key: Key) -> Added | None:
        """Return what `key` has added before, or None."""
        row = await self.pool.fetchrow(Statement.RECALL_CASE.text, dealer, key.subject, key.key, key.issuer)
        return None if row is None else _added(row, created=False)

    async def find(self, dealer: str, web_case_id: str) -> Case | None:
        """Return the case, or None."""
        row = await self.pool.fetchrow(Statement.GET_CASE.text, dealer, web_case_id)
        return None if row is None else case_of(row)

    async def edit(
        self, dealer: str, web_case_id: str, versions: Collection[int], changes: Mapping[str, str | None]
    ) -> tuple[bool, Case] | None:
        """Change columns of a draft at one of `versions`."""
        values = [changes.get(column) for column in _COLUMNS]
        row = await self.pool.fetchrow(
            Statement.EDIT_CASE.text, dealer, web_case_id, list(versions), list(changes), *values
        )
        return None if row is None else (row["changed"], case_of(row))

    async def delete(self, dealer: str, web_case_id: str, versions: Collection[int]) -> Deletion | None:
        """Delete a draft at one of `versions` that was never submitted."""
        row = await self.pool.fetchrow(Statement.DELETE_CASE.text, dealer, web_case_id, list(versions))
        return None if row is None else Deletion(row["deleted"], row["phase"], row["submitted"], row["version"])

    async def submissions(self, dealer: str, web_case_id: str) -> list[PastSubmission]:
        """Return all submissions of a case, oldest first."""
        rows = await self.pool.fetch(Statement.LIST_SUBMISSIONS.text, dealer, web_case_id)
        return [
            PastSubmission(
                submission_of(row),
                row["submitted_by"],
                row["content"],
                row["sent_at"],
                row["state_at"],
                tuple(change_of(change) for change in row["changes"]),
            )
            for row in rows
        ]

    async def statuses(self, web_case_id: str) -> list[Status]:
        """Return the statuses that D365 gave a case while its owner was known, oldest first."""
        rows = await self.pool.fetch(Statement.LIST_STATUSES.text, web_case_id)
        return [Status(row["status"], row["as_of"]) for row in rows]


def _added(row: asyncpg.Record, *, created: bool) -> Added:
    # A key that has submitted a case is kept with the submission.
    answer = row["answer"]
    return Added(created, row["request_hash"], case_as_added(answer) if "web_case_id" in answer else None, not answer)

"""The states of submissions in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass

from case_api.app.stores import Progress, Resent, SubmissionKey
from case_api.postgres.statements import Statement
from case_shared.database.postgres import Connection, Pool
from case_shared.words.events import SubmissionState


@dataclass(frozen=True, slots=True)
class Resends:
    """Seconds of silence after which a submission is sent again: `first`, then doubling up to `longest`."""

    first: float
    longest: float


@dataclass(frozen=True, slots=True)
class PostgresDeliveryStore:
    """case_api.app.stores.DeliveryStore on a connection whose transaction the caller has opened."""

    connection: Connection
    resends: Resends

    async def apply(self, submissions: Sequence[SubmissionKey]) -> list[Progress]:
        """Take over the states of submissions (sorted, each once) from d365-sync; omits those that it does not have."""
        web_case_ids, numbers, submission_ids = map(list, zip(*submissions, strict=True))
        await self.connection.execute(Statement.LOCK_SUBMISSION_STATES.text, web_case_ids, numbers)
        rows = await self.connection.fetch(
            Statement.APPLY_DELIVERIES.text,
            web_case_ids,
            numbers,
            submission_ids,
            self.resends.first,
            self.resends.longest,
        )
        return [Progress(**{**row, "state": SubmissionState(row["state"])}) for row in rows]

    async def return_cases(self, progress: Sequence[Progress]) -> list[str]:
        """Make the cases whose current submission is among them drafts again; return their IDs."""
        return await self._on_cases(Statement.RETURN_CASES, progress)

    async def restore_delivered(self, progress: Sequence[Progress]) -> list[str]:
        """Make these delivered submissions current again if they are not; return the IDs of their cases."""
        return await self._on_cases(Statement.RESTORE_DELIVERED, progress)

    async def _on_cases(self, statement: Statement, progress: Sequence[Progress]) -> list[str]:
        ids, numbers = [item.web_case_id for item in progress], [item.submission_no for item in progress]
        rows = await self.connection.fetch(statement.text, ids, numbers)
        return [row["web_case_id"] for row in rows]


@dataclass(frozen=True, slots=True)
class PostgresResendStore:
    """case_api.app.stores.ResendStore."""

    pool: Pool
    resends: Resends

    async def resend(self, limit: int) -> list[Resent]:
        """Put up to `limit` submissions that got no response into the outbox again; return them."""
        rows = await self.pool.fetch(Statement.RESEND_SUBMISSIONS.text, limit, self.resends.first, self.resends.longest)
        return [Resent(**row) for row in rows]

"""The document queue in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg
import structlog
from pydantic import ValidationError

from case_shared.d365.support import SupportIds
from case_shared.database.postgres import Connection, Pool
from case_shared.process.clock import Clock
from case_shared.process.telemetry import trace_id_of
from d365_sync.app.ports import Changed, ControlCase, Earlier, FailureToLog, Leader, Result, Round, SecondCase
from d365_sync.domain.document import AttemptKind, Claim, DocumentId, State
from d365_sync.postgres.document_rows import (
    case_if_readable,
    changed_of,
    claim_of,
    failure_of,
    id_of,
    key_of,
    outcome_of,
    problems,
    support_of,
)
from d365_sync.postgres.statements import Statement

log = structlog.get_logger(__name__)
# Within this time, status-sync checks whether the first of the two is still there.
_SETTLED_SECONDS = 5.0
# A first POST needs no look-up this long after its submission: nobody else can have sent it
# (docs/design.md#when-is-a-document-sent).
FRESH_SECONDS = 300.0
_DEALERS_A_ROUND = 64


@dataclass(frozen=True)
class PostgresDocuments:
    """Implements `app.ports.Documents` for the D365 environment `d365_url`."""

    pool: Pool
    clock: Clock
    d365_url: str

    async def claim_to_deliver(
        self, leader: Leader, *, limit: int, per_dealer: int, after_dealer: str, lease_seconds: float
    ) -> Round:
        """Claim documents to be sent, going round the dealers from the one after `after_dealer`."""
        expires = self.clock.monotonic() + lease_seconds
        rows = await self.pool.fetch(
            Statement.CLAIM_TO_DELIVER.text,
            limit,
            per_dealer,
            after_dealer,
            _DEALERS_A_ROUND,
            lease_seconds,
            leader.name,
            leader.token,
            self.d365_url,
            FRESH_SECONDS,
        )
        claimed = [row for row in rows if row["web_case_id"] is not None]
        # If the claim had no room for every dealer, the next one starts with those that got nothing.
        last = claimed[-1]["dealer"] if len(claimed) == limit else rows[0]["last_dealer"]
        return Round(await self._claims(claimed, expires), last or "", rows[0]["wrapped"])

    async def claim_to_look_up(
        self, leader: Leader, *, limit: int, lease_seconds: float, busy: Collection[str]
    ) -> list[Claim]:
        """Claim documents of one legal entity whose look-up is due; those in `busy` have one under way."""
        expires = self.clock.monotonic() + lease_seconds
        statement = Statement.CLAIM_TO_LOOK_UP.text
        rows = await self.pool.fetch(
            statement, limit, lease_seconds, leader.name, leader.token, self.d365_url, list(busy)
        )
        return await self._claims(rows, expires)

    async def _claims(self, rows: Sequence[asyncpg.Record], expires: float) -> list[Claim]:
        """The documents claimed; those with an unreadable payload are set apart, so that they block nothing."""
        claims, unreadable = [], []
        for row in rows:
            try:
                claims.append(claim_of(row, expires))
            except ValidationError as error:
                why = f"The payload is not valid: {problems(error)}"
                key = {"token": str(row["lease_token"]), "attempt_no": row["attempts"], "why": why}
                unreadable.append({**key_of(id_of(row)), **key})
                trace_id = trace_id_of(row["traceparent"])
                log.error("document_set_apart", document=str(id_of(row)), why=why, trace_id=trace_id)
        if unreadable:
            await self.pool.execute(Statement.SET_APART.text, unreadable)
        return claims

    async def begin_posts(
        self,
        leader: Leader,
        claims: Sequence[Claim],
        *,
        lease_seconds: float,
        support: Mapping[DocumentId, SupportIds | None],
    ) -> list[Claim]:
        """Store the intent to POST documents that are surely absent; return those whose lease was still ours.

        `support` identifies the request that showed it.
        """
        expires = self.clock.monotonic() + lease_seconds
        keys = [
            {
                **key_of(claim.id),
                "token": str(claim.token),
                "attempt_no": claim.attempt_no,
                **support_of(support.get(claim.id)),
            }
            for claim in claims
        ]
        statement = Statement.BEGIN_POSTS.text
        rows = await self.pool.fetch(statement, keys, lease_seconds, leader.name, leader.token)
        by_id = {claim.id: claim for claim in claims}
        return [
            replace(
                by_id[id_of(row)],
                kind=AttemptKind.CREATE,
                state=State.DELIVERING,
                attempt_no=row["attempts"],
                expires=expires,
                unsettled_seconds=0.0,
                verdict=None,
            )
            for row in rows
        ]

    async def store(self, results: Sequence[Result], *, log_failures: bool) -> list[Changed]:
        """Store the results of attempts."""
        rows = await self.pool.fetch(
            Statement.STORE_OUTCOMES.text, [outcome_of(result) for result in results], log_failures
        )
        return changed_of(rows)

    async def expire_leases(self, *, settle_seconds: float) -> int:
        """Free documents whose owner did not come back; return how many."""
        return len(await self.pool.fetch(Statement.EXPIRE_LEASES.text, settle_seconds))

    async def control_cases(self, data_area_id: str) -> list[ControlCase]:
        """The newest few known cases."""
        rows = await self.pool.fetch(Statement.SELECT_CONTROL_CASES.text, data_area_id)
        return [ControlCase(**row) for row in rows]

    async def older_control_cases(self, data_area_id: str) -> list[str]:
        """Some older known cases."""
        rows = await self.pool.fetch(Statement.SELECT_OLDER_CONTROL_CASES.text, data_area_id)
        return [row["case_id"] for row in rows]

    async def restored_before_the_first(self, data_area_id: str) -> bool:
        """Whether D365 was restored to before its first known case."""
        return bool(await self.pool.fetchval(Statement.RESTORED_BEFORE_THE_FIRST.text, data_area_id))

    async def redelivery_pending(self, data_area_id: str) -> bool:
        """Whether a document that D365 lost is neither there again nor ended by an operator."""
        return bool(await self.pool.fetchval(Statement.REDELIVERY_PENDING.text, data_area_id))

    async def first_open(self, data_area_id: str) -> str | None:
        """The Web Case ID that has been on its way to D365 the longest."""
        first: str | None = await self.pool.fetchval(Statement.SELECT_FIRST_OPEN.text, data_area_id)
        return first

    async def earlier_submissions(self, document_id: DocumentId) -> list[Earlier]:
        """The case's submissions before this one."""
        rows = await self.pool.fetch(Statement.SELECT_EARLIER_SUBMISSIONS.text, *document_id)
        return [
            Earlier(id_of(row), UUID(int=row["submission_id"].int), case_if_readable(row), row["delivered_as"])
            for row in rows
        ]

    async def deliver_by_evidence(self, seen: Sequence[tuple[str, UUID, str]]) -> list[Changed]:
        """Mark documents as delivered by each (web_case_id, submission_id, case_id) seen; return those changed."""
        return await deliver_by_evidence(self.pool, seen)

    async def second_cases(self, limit: int) -> list[SecondCase]:
        """Second cases that status-sync has seen and that are not noted with a document yet."""
        rows = await self.pool.fetch(Statement.SELECT_SECOND_CASES.text, limit, _SETTLED_SECONDS)
        return [SecondCase(**{**row, "submission_id": UUID(int=row["submission_id"].int)}) for row in rows]

    async def note_second_case(self, second: SecondCase) -> list[Changed]:
        """Note it with its document, which raises an alarm; repeating this changes nothing."""
        async with self.pool.acquire() as connection, connection.transaction():
            changed = await deliver_by_evidence(connection, [second[:3]], [second.seen_at])
            await connection.execute(Statement.NOTE_SECOND_CASE.text, *second[:3])
        return changed

    async def publish_unheard(self, limit: int) -> int:
        """Have states published again that case-api has not read long after their publication; return how many."""
        return int(await self.pool.fetchval(Statement.PUBLISH_UNHEARD.text, limit))

    async def failures_to_log(self, limit: int) -> list[FailureToLog]:
        """Failed documents due to be recorded in D365's own document queue."""
        rows = await self.pool.fetch(Statement.SELECT_FAILURES_TO_LOG.text, limit)
        return [FailureToLog(id_of(row), failure_of(row), row["failure_log_tries"]) for row in rows]

    async def note_failure_logged(self, document_id: DocumentId, retry_seconds: float | None) -> None:
        """Note that the failure was recorded, or when to try again."""
        await self.pool.execute(Statement.NOTE_FAILURE_LOGGED.text, *document_id, retry_seconds)


async def deliver_by_evidence(
    queue: Pool | Connection,
    seen: Sequence[tuple[str, UUID, str]],
    seen_at: Sequence[datetime | None] | None = None,
    *,
    followed: bool = False,
) -> list[Changed]:
    """Like `PostgresDocuments.deliver_by_evidence`, perhaps in the caller's transaction; `seen_at`: None is now.

    `followed`: the portal follows the cases under these numbers, which delivered documents then take.
    """
    columns = [list(column) for column in zip(*seen, strict=True)]
    times = list(seen_at) if seen_at is not None else [None] * len(seen)
    return changed_of(await queue.fetch(Statement.DELIVER_BY_EVIDENCE.text, *columns, times, followed))

"""The states of submissions in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from case_api.app.stores import News
from case_shared.events import CaseDelivery, SubmissionState
from case_shared.postgres import Connection, Pool, load_sql

_PACKAGE = "case_api.postgres"


@dataclass(frozen=True, slots=True)
class Resends:
    """After how many seconds of silence a submission is sent again: `first`, then doubling up to `longest`."""

    first: float
    longest: float


@dataclass(frozen=True, slots=True)
class PostgresDeliveryStore:
    """case_api.app.stores.DeliveryStore on a connection whose transaction the caller has opened."""

    connection: Connection
    resends: Resends

    async def apply(self, deliveries: Sequence[CaseDelivery]) -> list[News]:
        """Note events, one a submission at most; returns those that were news."""
        columns = zip(*(_row(delivery) for delivery in deliveries), strict=True)
        rows = await self.connection.fetch(
            load_sql(_PACKAGE, "apply_deliveries"), *columns, self.resends.first, self.resends.longest
        )
        return [News(row["web_case_id"], row["submission_no"], SubmissionState(row["state"])) for row in rows]

    async def return_cases(self, news: Sequence[News]) -> list[str]:
        """Make drafts again of the cases whose current submission is among `news`."""
        return await self._on_cases("return_cases", news)

    async def restore_delivered(self, news: Sequence[News]) -> list[str]:
        """Make the delivered submissions in `news` current again where they are not."""
        return await self._on_cases("restore_delivered", news)

    async def _on_cases(self, statement: str, news: Sequence[News]) -> list[str]:
        ids, numbers = [item.web_case_id for item in news], [item.submission_no for item in news]
        rows = await self.connection.fetch(load_sql(_PACKAGE, statement), ids, numbers)
        return [row["web_case_id"] for row in rows]


def _row(delivery: CaseDelivery) -> tuple[object, ...]:
    return (
        delivery.web_case_id,
        delivery.submission_no,
        delivery.submission_id,
        delivery.revision,
        delivery.state.value,
        delivery.cause,
        delivery.reason,
        delivery.case_id,
        # As text: asyncpg would take a list among an array's values for a dimension.
        orjson.dumps([attempt.model_dump(mode="json") for attempt in delivery.attempts]).decode(),
        delivery.occurred_at,
    )


@dataclass(frozen=True, slots=True)
class PostgresResendStore:
    """case_api.app.stores.ResendStore."""

    pool: Pool
    resends: Resends

    async def resend(self, limit: int) -> list[str]:
        """Put up to `limit` submissions of which nothing was heard into the outbox again."""
        rows = await self.pool.fetch(
            load_sql(_PACKAGE, "resend_submissions"), limit, self.resends.first, self.resends.longest
        )
        return [row["web_case_id"] for row in rows]

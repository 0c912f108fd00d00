"""Once a day, reads each case that has not ended, or ended lately, and so finds what no event and no poll has brought.

It also makes up for deliveries that were never noted, because Kafka lost the record: it links such a case, which no
poll finds if D365 no longer shows it as its dealer's, and forgets what D365 showed of a case before it lost that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from case_shared.database.postgres import Connection, Pool
from case_shared.words.events import CaseStatus
from status_sync.app.forget_lost import ForgetLost
from status_sync.app.link_delivered import Delivered, LinkDelivered
from status_sync.domain.due_reads import CASES_PER_SECOND

log = structlog.get_logger(__name__)


class OpenCases(Protocol):
    """Where cases are made due."""

    async def make_open_cases_due(
        self, ended: Mapping[str, CaseStatus], lately: timedelta, every: timedelta, cases_per_second: float
    ) -> int | None:
        """Make each case due that dealers do not see as `ended` says, or that D365 changed less than `lately` ago.

        None if the last sweep is younger than `every`.
        """


class DeliveredCases(Protocol):
    """What d365-sync has delivered."""

    async def find_once_lost(self, connection: Connection) -> Sequence[str]:
        """Return the cases that D365 has ever lost in a restore, sorted."""

    async def find_unlinked(self, connection: Connection) -> Sequence[Delivered]:
        """Return the Case IDs of cases that have been delivered for a while and have none in the read model, sorted."""


@dataclass(frozen=True)
class Sweep:
    """Spreads the reads over time; `ended`: D365's symbols of cases that have ended, and how dealers see each."""

    pool: Pool
    due_reads: OpenCases
    cases: DeliveredCases
    link_delivered: LinkDelivered
    forget_lost: ForgetLost
    ended: Mapping[str, CaseStatus]
    every: timedelta = timedelta(days=1)
    # What has just ended is reopened or deleted most; each case costs this many reads more, one a day.
    lately: timedelta = timedelta(days=7)

    async def handle(self) -> None:
        """Sweep if it is time to."""
        made_due = await self.due_reads.make_open_cases_due(self.ended, self.lately, self.every, CASES_PER_SECOND)
        if made_due is not None:
            log.info("sweep_begun", cases=made_due)
            await self._make_up()

    async def _make_up(self) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            if once_lost := await self.cases.find_once_lost(connection):
                await self.forget_lost.handle(connection, once_lost, {})
            unlinked = await self.cases.find_unlinked(connection)
            if unlinked:
                await self.link_delivered.handle(connection, unlinked, {})
                log.warning("deliveries_not_noted", web_case_ids=[one.web_case_id for one in unlinked])

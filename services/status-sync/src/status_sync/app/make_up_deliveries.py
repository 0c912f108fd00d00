"""Makes up for deliveries that were never noted, because Kafka lost the record or another row had the number then.

It links such a case, which no poll finds if D365 no longer shows it as its dealer's, and forgets what D365 showed of a
case before it lost that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from case_shared.database.postgres import Connection, Pool
from status_sync.app.forget_lost import ForgetLost
from status_sync.app.link_delivered import Delivered, LinkDelivered
from status_sync.app.note_deliveries import DueReads

log = structlog.get_logger(__name__)


class Turns(Protocol):
    """Where it is kept when something was done last."""

    async def claim(self, connection: Connection, name: str, every: timedelta) -> bool:
        """Note that `name` is done now; False, and nothing noted, if the last time is younger than `every`."""


class DeliveredCases(Protocol):
    """What d365-sync has delivered."""

    async def find_once_lost(self, connection: Connection) -> Sequence[str]:
        """Return the cases that D365 has ever lost in a restore, sorted."""

    async def find_unlinked(self, connection: Connection) -> Sequence[Delivered]:
        """Return the Case IDs of cases that have been delivered for a while and have none in the read model, sorted."""


@dataclass(frozen=True)
class MakeUpDeliveries:
    """One transaction, so that what fails is due again at once."""

    pool: Pool
    turns: Turns
    cases: DeliveredCases
    link_delivered: LinkDelivered
    forget_lost: ForgetLost
    due_reads: DueReads
    every: timedelta = timedelta(minutes=10)

    async def handle(self) -> None:
        """Do it if it is time to."""
        async with self.pool.acquire() as connection, connection.transaction():
            if not await self.turns.claim(connection, "make_up", self.every):
                return
            once_lost = await self.cases.find_once_lost(connection)
            lost = await self.forget_lost.handle(connection, once_lost, {}) if once_lost else []
            unlinked = await self.cases.find_unlinked(connection)
            if unlinked:
                await self.link_delivered.handle(connection, unlinked, {})
                log.warning("deliveries_not_noted", web_case_ids=[one.web_case_id for one in unlinked])
            if lost or unlinked:
                await self.due_reads.make_cases_due(connection, [*lost, *unlinked], {})

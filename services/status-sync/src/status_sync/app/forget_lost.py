"""Forgets what D365 showed of cases that it lost: its database was restored, and it gets them again as new cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import structlog

from case_shared.database.postgres import Connection
from case_shared.process.telemetry import trace_id_of
from status_sync.app.announce_changes import AnnounceChanges, Changed
from status_sync.app.link_delivered import Delivered

log = structlog.get_logger(__name__)


class Lost(NamedTuple):
    """A case whose facts are from before D365 lost it."""

    web_case_id: str
    lost_at: datetime


class Cases(Protocol):
    """The part of the read model that a loss concerns."""

    async def find_lost(self, connection: Connection, web_case_ids: Sequence[str]) -> Sequence[Lost]:
        """Return those of these cases that D365 lost after it last showed them, sorted."""

    async def lock(self, connection: Connection) -> datetime:
        """Keep other transactions from writing D365's side of the read model until this one ends; return the time."""

    async def forget_lost(self, connection: Connection, lost: Sequence[Lost]) -> Sequence[Changed]:
        """Empty D365's side of these rows; return them with the Case IDs that they had."""


@dataclass(frozen=True)
class ForgetLost:
    """Works in the caller's transaction; d365-sync's own tables say what is lost, not the records that name cases."""

    cases: Cases
    announce: AnnounceChanges

    async def handle(
        self, connection: Connection, web_case_ids: Sequence[str], traces: Mapping[str, str | None]
    ) -> list[Delivered]:
        """Forget those of `web_case_ids` that D365 lost; return them with the Case IDs that they had, to be read.

        `traces` by Web Case ID.
        """
        if not await self.cases.find_lost(connection, web_case_ids):
            return []
        # Before any due read, as everybody does: two who take these in another order wait for each other.
        await self.cases.lock(connection)
        lost = await self.cases.find_lost(connection, web_case_ids)
        forgotten = await self.cases.forget_lost(connection, lost)
        for row in forgotten:
            ids = {"web_case_id": row.web_case_id, "case_id": row.case_id}
            log.warning("lost_case_forgotten", **ids, trace_id=trace_id_of(traces.get(row.web_case_id)))
        await self.announce.handle(connection, forgotten, traces)
        # A read shows whose these numbers are now.
        return [Delivered(row.web_case_id, row.case_id) for row in forgotten]

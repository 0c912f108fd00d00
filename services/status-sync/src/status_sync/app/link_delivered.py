"""Stores the Case IDs that d365-sync has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

import structlog

from case_shared.database.postgres import Connection
from case_shared.process.telemetry import trace_id_of
from status_sync.app.announce_changes import AnnounceChanges, Changed

log = structlog.get_logger(__name__)


class Delivered(NamedTuple):
    """The Case ID that D365 gave to a case of ours; sortable, so that locks are taken in one order."""

    web_case_id: str
    case_id: str


class Linked(NamedTuple):
    """A delivered case as the read model has it now; if `linked` is false, `case_id` is a different one.

    `changed`: the row, if it had another Case ID or was marked as deleted.
    """

    web_case_id: str
    case_id: str
    linked: bool
    changed: Changed | None


class Cases(Protocol):
    """The part of the read model that a delivery writes."""

    async def lock(self, connection: Connection) -> datetime:
        """Keep other transactions from writing D365's side of the read model until this one ends; return the time."""

    async def remove_born_as(self, connection: Connection, delivered: Sequence[Delivered]) -> Sequence[Changed]:
        """Remove the rows born in D365 that represent these cases, and return them."""

    async def link(self, connection: Connection, delivered: Sequence[Delivered]) -> Sequence[Linked]:
        """Store the Case IDs of cases that have none, or had one that is no longer theirs."""


@dataclass(frozen=True)
class LinkDelivered:
    """Links delivered cases (sorted, at least one) in the caller's transaction."""

    cases: Cases
    announce: AnnounceChanges

    async def handle(
        self, connection: Connection, delivered: Sequence[Delivered], traces: Mapping[str, str | None]
    ) -> None:
        """Store the Case IDs of `delivered`; `traces` by Web Case ID."""
        await self.cases.lock(connection)
        removed = await self.cases.remove_born_as(connection, delivered)
        linked = await self.cases.link(connection, delivered)
        for case in linked:
            if not case.linked:
                ids = {"web_case_id": case.web_case_id, "case_id": case.case_id}
                log.error("delivered_with_another_case_id", **ids, trace_id=trace_id_of(traces.get(case.web_case_id)))
        # A first Case ID is shown by the delivery itself, and announced with the first read. A row that is gone is
        # announced to its dealer, who may still show it.
        changed = [*removed, *(case.changed for case in linked if case.changed)]
        await self.announce.handle(connection, changed, traces)

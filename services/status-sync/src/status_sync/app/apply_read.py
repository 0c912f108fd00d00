"""Cases were read in D365: the read model takes them over, and each change that a dealer can see is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

import structlog
from prometheus_client import Counter
from pydantic import ValidationError

from case_shared.clock import Clock
from case_shared.d365.mapping import Mapping as D365Mapping
from case_shared.d365.models import D365Case
from case_shared.events import CaseStatus, CaseStatusChanged, Record
from case_shared.identifiers import derived_web_case_id
from case_shared.loops import Doorbell
from case_shared.postgres import DATA_ERRORS, Connection, Pool
from case_shared.telemetry import current_traceparent
from status_sync.domain.due_reads import CaseKey, KeyKind
from status_sync.domain.placement import Dealer, Ignored, KnownCase, Rules

log = structlog.get_logger(__name__)
_changes = Counter("casebridge_d365_changes_applied_total", "Changes of D365's side that were applied")
_ignored = Counter("casebridge_d365_cases_ignored_total", "Cases that were read and change nothing here", ["reason"])
_unknown = Counter("casebridge_d365_unknown_status_total", "Changes to a status that the mapping does not know")
_CHUNK_CASES = 500
_DRAWS = 8
_ALARMING = (Ignored.MISMATCH, Ignored.SECOND)


class Removal(NamedTuple):
    """A row born in D365 that goes, and the row of ours that its case turned out to be, if it did."""

    web_case_id: str
    ours: str | None


class Update(NamedTuple):
    """What a row takes over from D365; `mapped` is None for a symbol that the mapping does not know."""

    web_case_id: str
    found: D365Case
    mapped: CaseStatus | None
    submission_id: UUID | None


class Insert(NamedTuple):
    """A case born in D365 and whom it is shown to."""

    web_case_id: str
    dealer: str
    found: D365Case
    mapped: CaseStatus | None


class Applied(NamedTuple):
    """A row as it is after the read; `changed` is true at its first read, too."""

    web_case_id: str
    dealer: str
    case_id: str
    status: CaseStatus
    d365_status: str | None
    changed: bool


CaseNumber = tuple[str, str]  # legal entity in lower case, Case ID


class Cases(Protocol):
    """The read model; each call is one statement in the caller's transaction."""

    async def lock(self, connection: Connection) -> None:
        """Let no other transaction write D365's side of the read model until this one ends."""

    async def find_known(self, connection: Connection, found: Sequence[D365Case]) -> Sequence[KnownCase]:
        """The rows with a Case ID or a Web Case ID of `found`, locked in one order."""

    async def find_dealers(self, connection: Connection, found: Sequence[D365Case]) -> Mapping[CaseNumber, Dealer]:
        """The registered dealer of each case that has one."""

    async def remove_born(self, connection: Connection, removals: Sequence[Removal]) -> None:
        """Remove rows born in D365; what statuses they had goes over to the rows that take their places."""

    async def update(self, connection: Connection, began_at: datetime, updates: Sequence[Update]) -> Sequence[Applied]:
        """Take over what the read showed, where it began after the last one."""

    async def insert_born(
        self, connection: Connection, began_at: datetime, inserts: Sequence[Insert]
    ) -> Sequence[Applied]:
        """Insert rows born in D365; those whose Web Case ID is taken are left out."""

    async def last_hidden(self, connection: Connection) -> datetime | None:
        """When the newest read began that showed a case which dealers may not see."""

    async def note_hidden(self, connection: Connection, began_at: datetime) -> None:
        """A read that began then showed such a case."""


class DueReads(Protocol):
    """Where due reads are kept."""

    async def ring(self, connection: Connection, keys: Sequence[CaseKey]) -> None:
        """Make `keys` (sorted, each once) due now."""


class Outbox(Protocol):
    """Events that wait to be published."""

    async def append(self, connection: Connection, records: Sequence[Record]) -> None:
        """Add `records` in the caller's transaction."""


class Plan(NamedTuple):
    """What one read makes of the read model."""

    remove: list[Removal]
    update: list[Update]
    insert: list[Insert]
    hidden: list[CaseNumber]


@dataclass(frozen=True)
class ApplyRead:
    """Applies what a read found; `began_at` is the database's time before the request was sent."""

    pool: Pool
    cases: Cases
    due_reads: DueReads
    outbox: Outbox
    mapping: D365Mapping
    rules: Rules
    clock: Clock
    doorbell: Doorbell

    async def handle(self, began_at: datetime, found: Sequence[D365Case]) -> int:
        """Apply `found`, many in a transaction; returns how many changes there were."""
        unique = list({_number(case): case for case in found}.values())
        chunks = [unique[start : start + _CHUNK_CASES] for start in range(0, len(unique), _CHUNK_CASES)]
        return sum([await self._apply(began_at, chunk) for chunk in chunks])

    async def _apply(self, began_at: datetime, found: Sequence[D365Case]) -> int:
        """Apply in one transaction; where a case cannot be stored or told, halve until the case to blame is found."""
        try:
            async with self.pool.acquire() as connection, connection.transaction():
                changes = await self._change(connection, began_at, found)
        except (*DATA_ERRORS, ValidationError) as error:
            if len(found) == 1:
                _ignored.labels("not_storable").inc()
                log.error(
                    "case_not_storable", case_id=found[0].case_id, data_area_id=found[0].data_area_id, error=str(error)
                )
                return 0
            middle = len(found) // 2
            return await self._apply(began_at, found[:middle]) + await self._apply(began_at, found[middle:])
        _changes.inc(changes)
        if changes:
            self.doorbell.ring()
        return changes

    async def _change(self, connection: Connection, began_at: datetime, found: Sequence[D365Case]) -> int:
        await self.cases.lock(connection)
        known = await self.cases.find_known(connection, found)
        plan = self._plan(began_at, found, known, await self.cases.find_dealers(connection, found))
        if plan.hidden:
            await self.cases.note_hidden(connection, began_at)
        if plan.remove:
            await self.cases.remove_born(connection, plan.remove)
        applied = [*await self.cases.update(connection, began_at, plan.update)] if plan.update else []
        if plan.insert:
            applied += await self._insert_unless_old(connection, began_at, plan.insert)
        seen = {update.web_case_id: update.submission_id for update in plan.update}
        changed = [row for row in applied if row.changed]
        if changed:
            await self.outbox.append(
                connection, [self._event(row, began_at, seen.get(row.web_case_id)) for row in changed]
            )
        self._alert_unknown(changed)
        return len(changed)

    def _plan(
        self,
        began_at: datetime,
        found: Sequence[D365Case],
        known: Sequence[KnownCase],
        dealers: Mapping[CaseNumber, Dealer],
    ) -> Plan:
        by_number = {(row.data_area_id, row.case_id): row for row in known if row.case_id}
        by_web_case_id = {row.web_case_id: row for row in known}
        plan = Plan([], [], [], [])
        for case in found:
            number = _number(case)
            placement = self.rules.place(
                case,
                began_at,
                by_case_id=by_number.get(number),
                by_web_case_id=by_web_case_id.get((case.web_case_id or "").upper()),
                dealer=dealers.get(number),
            )
            mapped = self.mapping.portal_status(case.status)
            if placement.hides:
                plan.hidden.append(number)
            if placement.ignored:
                _tell_ignored(case, placement.ignored)
            if placement.remove:
                ours = placement.update.web_case_id if placement.update else None
                plan.remove.append(Removal(placement.remove, ours))
            if row := placement.update:
                plan.update.append(Update(row.web_case_id, case, mapped, self.rules.submission_seen(case, row)))
                # A second case of D365 that claims the same submission must see that it is taken.
                by_web_case_id[row.web_case_id] = by_number[number] = replace(row, case_id=case.case_id)
            if placement.insert_for:
                plan.insert.append(Insert(derived_web_case_id(*number), placement.insert_for, case, mapped))
        return plan

    async def _insert_unless_old(
        self, connection: Connection, began_at: datetime, inserts: Sequence[Insert]
    ) -> list[Applied]:
        """Insert; where a later read has hidden a case, it may be one of these: a read that begins now will tell."""
        hidden_at = await self.cases.last_hidden(connection)
        if hidden_at is None or began_at >= hidden_at:
            return await self._insert(connection, began_at, inserts)
        numbers = sorted(_number(insert.found) for insert in inserts)
        await self.due_reads.ring(connection, [CaseKey(area, KeyKind.CASE_ID, number) for area, number in numbers])
        return []

    async def _insert(self, connection: Connection, began_at: datetime, inserts: Sequence[Insert]) -> list[Applied]:
        """Insert; a Web Case ID that clashes with another case's is drawn again."""
        applied: list[Applied] = []
        waiting = list(inserts)
        for draw in range(1, _DRAWS + 1):
            if not waiting:
                break
            applied += await self.cases.insert_born(connection, began_at, waiting)
            done = {row.web_case_id for row in applied}
            waiting = [
                insert._replace(web_case_id=derived_web_case_id(*_number(insert.found), draw))
                for insert in waiting
                if insert.web_case_id not in done
            ]
        for insert in waiting:
            log.error("no_web_case_id_left", case_id=insert.found.case_id, data_area_id=insert.found.data_area_id)
        return applied

    def _event(self, row: Applied, began_at: datetime, submission_id: UUID | None) -> Record:
        event = CaseStatusChanged(
            dealer=row.dealer,
            web_case_id=row.web_case_id,
            case_id=row.case_id,
            submission_id=submission_id,
            status=row.status,
            d365_status=row.d365_status,
            status_as_of=began_at,
        )
        log.info("case_status_changed", web_case_id=row.web_case_id, case_id=row.case_id, status=row.status)
        return Record.of(event, source="status-sync", time=self.clock.now(), traceparent=current_traceparent())

    def _alert_unknown(self, changed: Sequence[Applied]) -> None:
        for row in changed:
            if self.mapping.portal_status(row.d365_status) is None:
                _unknown.inc()
                log.error(
                    "unknown_d365_status",
                    web_case_id=row.web_case_id,
                    d365_status=row.d365_status,
                    advice="the last known status stays; add the symbol to table [status] of the mapping",
                )


def _number(case: D365Case) -> CaseNumber:
    return case.data_area_id.lower(), case.case_id


def _tell_ignored(case: D365Case, reason: Ignored) -> None:
    _ignored.labels(reason.value).inc()
    if reason in _ALARMING:
        log.warning(
            "case_not_applied",
            reason=reason.value,
            web_case_id=case.web_case_id,
            data_area_id=case.data_area_id,
            case_id=case.case_id,
        )

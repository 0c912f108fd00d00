"""Applies cases that were read in D365 to the read model, and publishes each change that a dealer can see."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol
from uuid import UUID

import structlog
from prometheus_client import Counter
from pydantic import ValidationError

from case_shared.d365.mapping import Mapping as D365Mapping
from case_shared.d365.models import D365Case
from case_shared.database.errors import DATA_ERRORS
from case_shared.database.postgres import Connection, Pool
from case_shared.process.clock import Clock
from case_shared.process.loops import WakeUp
from case_shared.process.telemetry import current_traceparent, span, trace_id_of
from case_shared.words.events import CaseStatus, Record
from case_shared.words.identifiers import derived_web_case_id
from status_sync.app.announce_changes import Changed, Outbox, announcement
from status_sync.app.doubt_environment import DoubtEnvironment
from status_sync.app.plan_read import NOTHING_GONE, Books, Gone, Insert, Leaving, Plan, Planner, Removal, Second, Update
from status_sync.app.report_read import not_storable, report, shown, unknown, without_number
from status_sync.domain.due_reads import CaseKey
from status_sync.domain.placement import CaseNumber, Dealer, KnownCase, Rules, number_of
from status_sync.domain.texts import SeenText, digest_of

log = structlog.get_logger(__name__)
_changes = Counter("casebridge_d365_changes_applied_total", "Changes in D365 that were applied")
_CHUNK_CASES = 500
_DRAWS = 8


Traces = Mapping[str, str | None]
_UNTRACED: Traces = MappingProxyType({})


class Applied(NamedTuple):
    """A row as it is after the read; `changed` is true at its first read, too."""

    web_case_id: str
    dealer: str
    case_id: str
    status: CaseStatus
    d365_status: str | None
    changed: bool


class Cases(Protocol):
    """The read model; each call is one statement in the caller's transaction."""

    async def lock(self, connection: Connection) -> datetime:
        """Keep other transactions from writing D365's side of the read model until this one ends; return the time."""

    async def find_known(
        self, connection: Connection, numbers: Sequence[CaseNumber], web_case_ids: Sequence[str]
    ) -> Sequence[KnownCase]:
        """Return the rows with one of these Case IDs (followed or not) or Web Case IDs; locks them in one order."""

    async def find_dealers(self, connection: Connection, found: Sequence[D365Case]) -> Mapping[CaseNumber, Dealer]:
        """Return the registered dealer of each case that has one."""

    async def find_texts(
        self, connection: Connection, numbers: Collection[CaseNumber], digests: Collection[bytes]
    ) -> Mapping[CaseNumber, Collection[SeenText]]:
        """Return who owned the cases with these numbers when their texts with these digests were first seen."""

    async def store_texts(
        self, connection: Connection, began_at: datetime, texts: Collection[tuple[CaseNumber, SeenText]]
    ) -> None:
        """Note texts that a read starting at `began_at` first showed."""

    async def store_moved(self, connection: Connection, moved: Mapping[str, CaseNumber | None]) -> None:
        """Note where the records of moved cases are, under another number; None: no longer elsewhere."""

    async def leave_unfollowed(
        self, connection: Connection, began_at: datetime, leaving: Sequence[Leaving], unsettled: Collection[str]
    ) -> Sequence[Applied]:
        """Stop following these rows; `unsettled`: those that the same read will follow elsewhere."""

    async def remove_born(self, connection: Connection, removals: Sequence[Removal]) -> Sequence[Applied]:
        """Remove rows born in D365, and return them; their statuses move to the rows that replace them."""

    async def update(self, connection: Connection, began_at: datetime, updates: Sequence[Update]) -> Sequence[Applied]:
        """Take over what the read showed, if it began after the last one."""

    async def insert_born(
        self, connection: Connection, began_at: datetime, inserts: Sequence[Insert]
    ) -> Sequence[Applied]:
        """Insert rows born in D365; omits those whose Web Case ID is taken."""

    async def last_hidden(self, connection: Connection) -> datetime | None:
        """Return when the newest read began that showed a case hidden from dealers; None before the first."""

    async def note_hidden(self, connection: Connection, began_at: datetime) -> None:
        """Note that a read starting at `began_at` showed such a case."""

    async def note_second(self, connection: Connection, began_at: datetime, second: Sequence[Second]) -> None:
        """Report to d365-sync the cases that this read showed and whose submission already has another case."""


class DueReads(Protocol):
    """Where due reads are kept."""

    async def make_due(self, connection: Connection, keys: Sequence[CaseKey]) -> None:
        """Make `keys` (sorted, each once) due now."""


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
    wake_up: WakeUp
    doubts: DoubtEnvironment

    async def handle(
        self, began_at: datetime, found: Sequence[D365Case], gone: Gone = NOTHING_GONE, traces: Traces = _UNTRACED
    ) -> int:
        """Apply `found`, many cases per transaction, and the few that are `gone`; return how many changed.

        Cases that have no Case ID yet change nothing: nobody could find them again.
        `traces`: those that caused the read, by Case ID or Web Case ID; other changes belong to the current one.
        """
        if unnumbered := [case for case in found if not case.case_id]:
            without_number(unnumbered)
        unique = list({number_of(case): case for case in found if case.case_id}.values())
        chunks = [unique[start : start + _CHUNK_CASES] for start in range(0, len(unique), _CHUNK_CASES)]
        if gone != NOTHING_GONE:
            chunks = [unique]
        with span("apply read", attributes={"casebridge.cases": len(unique)}):
            return sum([await self._apply(began_at, chunk, traces, gone) for chunk in chunks])

    async def _apply(
        self, began_at: datetime, found: Sequence[D365Case], traces: Traces, gone: Gone = NOTHING_GONE
    ) -> int:
        """Apply in one transaction; if a case cannot be stored or published, halve until the one to blame is found."""
        try:
            async with self.pool.acquire() as connection, connection.transaction():
                changes, modified = await self._change(connection, began_at, found, traces, gone)
        except (*DATA_ERRORS, ValidationError) as error:
            if len(found) == 1:
                not_storable(found[0], error)
                return 0
            middle = len(found) // 2
            return sum([await self._apply(began_at, half, traces) for half in (found[:middle], found[middle:])])
        _changes.inc(changes)
        shown(self.clock.now(), modified)
        if changes:
            self.wake_up.wake()
        return changes

    async def _change(
        self, connection: Connection, began_at: datetime, found: Sequence[D365Case], traces: Traces, gone: Gone
    ) -> tuple[int, list[datetime]]:
        """Return how many cases changed, and when D365 changed those that were here before."""
        # A failover meanwhile may have brought a clock that is behind: no read is dated ahead of it.
        began_at = min(began_at, await self.cases.lock(connection))
        books = await self._look_up(connection, found, gone)
        plan = Planner(self.rules, self.mapping, books, gone).plan_all(began_at, found)
        if plan.insert and await self._hidden_since(connection, began_at):
            plan.read_again()
        applied = await self._write(connection, began_at, plan)
        seen = {one.web_case_id: one.submission_id for one in plan.leave.values()}
        seen |= {one.web_case_id: one.submission_id for one in plan.update.values()}
        changed = [row for row in applied if row.changed]
        if changed:
            submitted_in = {row.web_case_id: row.traceparent for row in books.rows}
            events = [
                self._event(row, began_at, seen.get(row.web_case_id), _trace_of(row, traces, submitted_in))
                for row in changed
            ]
            await self.outbox.append(connection, events)
        if plan.due:
            await self.due_reads.make_due(connection, sorted(plan.due))
        report(plan)
        unknown([(row.web_case_id, row.d365_status) for row in changed], self.mapping)
        updated = [plan.update[row.web_case_id].found.modified_at for row in changed if row.web_case_id in plan.update]
        return len(changed), [modified_at for modified_at in updated if modified_at is not None]

    async def _look_up(self, connection: Connection, found: Sequence[D365Case], gone: Gone) -> Books:
        numbers = [*map(number_of, found), *gone.numbers]
        web_case_ids = sorted({case.web_case_id.upper() for case in found if case.web_case_id} | {*gone.web_case_ids})
        rows = await self.cases.find_known(connection, numbers, web_case_ids)
        dealers = await self.cases.find_dealers(connection, found) if found else {}
        theirs = {row.number for row in rows if row.number}
        digests = {digest_of(case.description) for case in found if case.description}
        return Books(rows, dealers, await self.cases.find_texts(connection, {*numbers, *theirs}, digests))

    async def _write(self, connection: Connection, began_at: datetime, plan: Plan) -> list[Applied]:
        """Write the plan: a row that loses a Case ID comes before the row that gets it."""
        applied: list[Applied] = []
        await self._note(connection, began_at, plan)
        if plan.leave:
            leaving = list(plan.leave.values())
            left = await self.cases.leave_unfollowed(connection, began_at, leaving, plan.update.keys())
            applied += [row for row in left if row.web_case_id not in plan.update]
        if plan.remove:
            # Before a row of another dealer under the same Web Case ID: its event must be the later one.
            applied += await self.cases.remove_born(connection, plan.remove)
        if plan.update:
            applied += await self.cases.update(connection, began_at, list(plan.update.values()))
        if plan.insert:
            applied += await self._insert(connection, began_at, plan.insert)
        return applied

    async def _note(self, connection: Connection, began_at: datetime, plan: Plan) -> None:
        """Note what the next read must know, and no dealer sees."""
        if plan.hidden:
            await self.cases.note_hidden(connection, began_at)
        if plan.second:
            await self.cases.note_second(connection, began_at, plan.second)
        if plan.texts:
            await self.cases.store_texts(connection, began_at, plan.texts)
        if plan.moved:
            await self.cases.store_moved(connection, plan.moved)
        if plan.foreign:
            await self.doubts.foreign(connection, plan.foreign)

    async def _hidden_since(self, connection: Connection, began_at: datetime) -> bool:
        """Whether a later read has hidden a case: it may be one of those that this read would insert."""
        hidden_at = await self.cases.last_hidden(connection)
        return hidden_at is not None and began_at < hidden_at

    async def _insert(self, connection: Connection, began_at: datetime, inserts: Sequence[Insert]) -> list[Applied]:
        """Insert; draw a Web Case ID again if it clashes with another case's."""
        applied: list[Applied] = []
        waiting = list(inserts)
        for draw in range(1, _DRAWS + 1):
            if not waiting:
                break
            applied += await self.cases.insert_born(connection, began_at, waiting)
            done = {row.web_case_id for row in applied}
            waiting = [
                insert._replace(web_case_id=derived_web_case_id(*number_of(insert.found), draw))
                for insert in waiting
                if insert.web_case_id not in done
            ]
        for insert in waiting:
            log.error("no_web_case_id_left", case_id=insert.found.case_id, data_area_id=insert.found.data_area_id)
        return applied

    def _event(self, row: Applied, began_at: datetime, submission_id: UUID | None, traceparent: str | None) -> Record:
        changed = Changed(row.web_case_id, row.dealer, row.case_id, row.status, row.d365_status, began_at)
        return announcement(changed, self.clock.now(), traceparent, submission_id)


def _trace_of(row: Applied, traces: Traces, submitted_in: Traces) -> str | None:
    """Return the trace of a change: what D365 shows first belongs to the submission's, whatever caused the read."""
    asked_in = traces.get(row.case_id.casefold()) or traces.get(row.web_case_id.casefold())
    own = submitted_in.get(row.web_case_id)
    if own and trace_id_of(own) != trace_id_of(asked_in):
        return own
    return asked_in or current_traceparent()

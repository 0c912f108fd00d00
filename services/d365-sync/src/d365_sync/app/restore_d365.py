"""After a restore of D365 to an earlier time: look up what was delivered since, and deliver again what is gone."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

import structlog
from prometheus_client import Counter

from case_shared.d365.errors import D365Error, D365RefusedKeys, D365TransientError
from case_shared.d365.keys import is_key
from case_shared.d365.matching import is_ours, same_key
from case_shared.d365.models import CaseToCreate, D365Case, LookUpAnswer
from case_shared.process.clock import Clock
from case_shared.process.fault_points import FaultPoint, reached
from case_shared.words.actor import Actor
from case_shared.words.errors import Refused
from d365_sync.app.ports import D365, Leader
from d365_sync.app.positive_control import ControlledLookUp
from d365_sync.domain.document import Cause, DocumentId, State

log = structlog.get_logger(__name__)
_PAGE = 100
_HELD_UP_SECONDS = 2.0
_looked_up = Counter("d365_sync_restore_documents_total", "Documents looked up after a restore of D365", ["outcome"])
_NO_CONTROL = (
    "D365 does not show this case, nor any case that it is known to have. Check whether D365 was restored to a time "
    "before --since, and whether the integration user sees all cases"
)
_WAITS = (
    "D365 shows no case from before the restore. One case is delivered again first, and the others follow when D365 "
    "shows it. If it fails, replay, return or discard it"
)


class LookedUp(StrEnum):
    """What became of a document that was delivered before D365 was restored."""

    THERE = "there"
    QUEUED = "queued"
    NOT_SURE = "not_sure"
    UNDER_WAY = "under_way"


class RestoreRuns(Refused):
    """Another restore of D365 is in progress."""

    def __init__(self, restore_id: UUID) -> None:
        super().__init__(f"Restore {restore_id} is still running. Wait until it has ended")
        self.restore_id = restore_id


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    """An operator's statement that D365 was restored to the time `since`."""

    since: datetime
    dry_run: bool
    actor: Actor
    reason: str


@dataclass(frozen=True, slots=True)
class RunningRestore:
    """The restore in progress."""

    restore_id: UUID
    since: datetime
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Redelivery:
    """A document that was delivered; `case` is None if its payload is gone."""

    place: int
    id: DocumentId
    submission_id: UUID
    state: State
    cause: Cause | None
    case_id: str | None
    revision: int
    customer_account: str
    case: CaseToCreate | None


class RestorePage(NamedTuple):
    """What to look up next, in one legal entity; `began_at` is the database's time before the look-up."""

    data_area_id: str
    began_at: datetime
    documents: Sequence[Redelivery]


class LookedUpDocument(NamedTuple):
    """What a look-up showed of one document."""

    document: Redelivery
    outcome: LookedUp
    detail: str | None


class _Shown(NamedTuple):
    """What D365 shows of these documents, linked cases by Case ID, and the failure that left the others open.

    `refused` are those that it does not answer for, though it does for others.
    """

    documents: Sequence[Redelivery]
    answer: LookUpAnswer
    linked: Mapping[str, D365Case]
    failure: D365TransientError | None
    refused: Sequence[Redelivery]
    why_refused: str


class _Judged(NamedTuple):
    """What becomes of documents, and the failure that left the others open."""

    found: Sequence[LookedUpDocument]
    failure: D365TransientError | None


class Restores(Protocol):
    """The store of D365 restores and their progress."""

    async def order(self, order: RestoreOrder) -> UUID | None: ...
    async def running(self) -> RunningRestore | None: ...
    async def page(self, restore_id: UUID, limit: int) -> RestorePage | None: ...
    async def store(
        self, restore_id: UUID, leader: Leader, began_at: datetime, found: Sequence[LookedUpDocument]
    ) -> None: ...
    async def complete(self, restore_id: UUID) -> None: ...
    async def hold_up(self, restore_id: UUID, why: str) -> None: ...


@dataclass(frozen=True)
class OrderRestore:
    """Stores the order; the leader carries it out. `wake` wakes the leader if it runs in this process."""

    restores: Restores
    wake: Callable[[], None]

    async def __call__(self, order: RestoreOrder) -> UUID:
        """Return the restore's ID, the same one while the same order runs. Raises RestoreRuns."""
        restore_id = await self.restores.order(order)
        if restore_id is None:
            running = await self.restores.running()
            if running is None:
                return await self(order)
            if (running.since, running.dry_run) != (order.since, order.dry_run):
                raise RestoreRuns(running.restore_id)
            restore_id = running.restore_id
        self.wake()
        return restore_id


@dataclass
class RestoreD365:
    """The leader's part: a page's effects are stored with its progress, so a kill loses nothing and repeats nothing.

    What goes back into the queue is looked up again right before it is sent: this prevents second cases.
    """

    restores: Restores
    d365: D365
    look_up: ControlledLookUp
    may_send: Callable[[], bool]
    queued: Callable[[], None]
    clock: Clock
    timeout_seconds: float
    by_submission_id: bool
    _held_up_until: float = field(default=float("-inf"))

    async def __call__(self, leader: Leader) -> bool:
        """Process one page; True if there is more to do at once."""
        if self.clock.monotonic() < self._held_up_until or (running := await self.restores.running()) is None:
            return False
        page = await self.restores.page(running.restore_id, _PAGE)
        if page is None:
            await self.restores.complete(running.restore_id)
            return False
        if not self.may_send():
            return await self._hold_up(running, "Nothing is sent to D365 at the moment. GET /v1/delivery shows why")
        try:
            found, failure = await self._judge(page, running)
        except D365Error as error:
            return await self._hold_up(running, error.why)
        if not found:
            return await self._hold_up(running, failure.why if failure else _WAITS)
        await self.restores.store(running.restore_id, leader, page.began_at, found)
        reached(FaultPoint.D365_RESTORE_STEPPED)
        for one in found:
            _looked_up.labels(one.outcome.value).inc()
        if any(one.outcome is LookedUp.QUEUED for one in found) and not running.dry_run:
            self.queued()
        return await self._hold_up(running, failure.why) if failure else True

    async def _hold_up(self, running: RunningRestore, why: str) -> bool:
        log.warning("d365_restore_held_up", restore_id=str(running.restore_id), why=why)
        self._held_up_until = self.clock.monotonic() + _HELD_UP_SECONDS
        await self.restores.hold_up(running.restore_id, why)
        return False

    async def _judge(self, page: RestorePage, running: RunningRestore) -> _Judged:
        """What D365 shows of each; empty if all must wait until the first one is there again."""
        open_ = [one for one in page.documents if one.state is State.DELIVERED]
        shown = await self._ask(page.data_area_id, open_)
        judged = [
            LookedUpDocument(one, LookedUp.UNDER_WAY, f"The document is now {one.state}")
            for one in page.documents
            if one.state is not State.DELIVERED
        ]
        judged += [LookedUpDocument(one, LookedUp.NOT_SURE, shown.why_refused) for one in shown.refused]
        judged += [self._of(one, shown.answer, shown.linked) for one in shown.documents]
        if not running.dry_run and await self.look_up.documents.restored_before_the_first(page.data_area_id):
            judged = await self._one_at_a_time(page.data_area_id, judged)
        return _Judged(judged, shown.failure)

    async def _ask(self, data_area_id: str, documents: Sequence[Redelivery]) -> _Shown:
        """Ask for `documents`. Each answer counts: what a failure leaves open comes with the next page."""
        failure, refused, why = None, list[Redelivery](), ""
        try:
            answer = await self.look_up(data_area_id, [one.id.web_case_id for one in documents], restored=True)
        except D365RefusedKeys as error:
            answer, why = error.answered, f"D365 does not answer for this case: {error.why}"
            refused = [one for one in documents if one.id.web_case_id in error.keys]
            if not refused or (not answer.keys and len(refused) < len(documents)):
                # It answers for none, so its failure is not about these.
                raise
            documents = [one for one in documents if answer.says_something_about(one.id.web_case_id)]
        except D365TransientError as error:
            failure, answer = error, error.answered
            documents = [one for one in documents if answer.says_something_about(one.id.web_case_id)]
        missing = [one for one in documents if one.id.web_case_id not in answer.found]
        linked, unknown, later = await self._linked(data_area_id, missing)
        known = [one for one in documents if one.place not in unknown]
        return _Shown(known, answer, linked, failure or later, refused, why)

    async def _one_at_a_time(self, data_area_id: str, judged: Sequence[LookedUpDocument]) -> list[LookedUpDocument]:
        """D365 shows no case of the legal entity as control: queue one, which becomes the control for the rest."""
        certain = [one for one in judged if one.outcome is not LookedUp.NOT_SURE]
        waiting = [one for one in judged if one.detail == _NO_CONTROL]
        if waiting and not await self.look_up.documents.redelivery_pending(data_area_id):
            certain.append(LookedUpDocument(waiting[0].document, LookedUp.QUEUED, None))
        return [*certain, *(one for one in judged if one.outcome is LookedUp.NOT_SURE and one.detail != _NO_CONTROL)]

    async def _linked(
        self, data_area_id: str, missing: Sequence[Redelivery]
    ) -> tuple[Mapping[str, D365Case], Collection[int], D365TransientError | None]:
        """Find linked cases by Case ID: they may have no Web Case ID; and which places a failure leaves open."""
        linked = {one.place: one.case_id for one in missing if one.cause is Cause.LINKED and is_key(one.case_id or "")}
        case_ids, failure = [case_id for case_id in linked.values() if case_id], None
        try:
            cases: Sequence[D365Case] = await self.d365.read_cases_by_case_id(
                data_area_id, case_ids, timeout=self.timeout_seconds
            )
            unknown: Collection[int] = ()
        except D365TransientError as error:
            cases, failure = error.answered.cases, error
            unknown = {place for place, case_id in linked.items() if case_id not in error.answered.keys}
        return {case.case_id.casefold(): case for case in cases}, unknown, failure

    def _of(self, one: Redelivery, answer: LookUpAnswer, linked: Mapping[str, D365Case]) -> LookedUpDocument:
        found = answer.found.get(one.id.web_case_id, ())
        if found:
            return self._found(one, found)
        by_number = linked.get((one.case_id or "").casefold())
        if by_number and not by_number.web_case_id and same_key(by_number.customer_account, one.customer_account):
            why = (
                f"It was linked to case {one.case_id}. D365 has a case with this ID, but it may be another case since "
                "the restore"
            )
            return LookedUpDocument(one, LookedUp.NOT_SURE, why)
        if not answer.is_surely_absent(one.id.web_case_id):
            return LookedUpDocument(one, LookedUp.NOT_SURE, _NO_CONTROL)
        if one.case is None:
            return LookedUpDocument(one, LookedUp.NOT_SURE, "D365 no longer has it, and its payload was emptied")
        return LookedUpDocument(one, LookedUp.QUEUED, None)

    def _found(self, one: Redelivery, found: Sequence[D365Case]) -> LookedUpDocument:
        case_ids = ", ".join(case.case_id for case in found)
        if len(found) > 1:
            return LookedUpDocument(one, LookedUp.NOT_SURE, f"D365 has it more than once, as cases {case_ids}")
        if one.case is None or is_ours(found[0], one.case, by_submission_id=self.by_submission_id):
            return LookedUpDocument(one, LookedUp.THERE, None)
        return LookedUpDocument(one, LookedUp.NOT_SURE, f"D365 has it as case {case_ids}, with different content")

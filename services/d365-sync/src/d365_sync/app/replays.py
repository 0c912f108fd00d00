"""Replays of many dead letters: order one, and pause, resume or cancel it. The leader carries it out."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from case_shared.d365.models import CaseToCreate
from case_shared.process.fault_points import FaultPoint, reached
from case_shared.words.actor import Actor
from case_shared.words.errors import Refused
from d365_sync.app.ports import Leader
from d365_sync.domain.document import DocumentId, State
from d365_sync.domain.replay import LEADS_TO, ReplayAction, ReplayOutcome, ReplayState

_LOOK_SECONDS = 0.1


class ReplayNotFound(Refused):
    """No such replay exists."""


class ReplayNotAllowed(Refused):
    """The replay's state does not permit the action."""

    def __init__(self, action: ReplayAction, state: ReplayState) -> None:
        super().__init__(f"The replay is {state}, so {action} is not possible")
        self.state = state


class KeyReused(Refused):
    """The Idempotency-Key was used for another replay."""


class NotADryRun(Refused):
    """The named replay is not a dry run, or has not completed."""


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Which dead letters; None filters nothing."""

    dealer: str | None = None
    cause: str | None = None
    older_than_seconds: float | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class ReplayOrder:
    """An operator's order; `query` is kept as it was given, `key` is the Idempotency-Key.

    `dry_run_id`: exactly the documents of that dry run, at the revisions that it saw, instead of what matches now.
    """

    wanted: DeadLetters
    query: dict[str, Any]
    dry_run: bool
    actor: Actor
    reason: str
    key: str | None = None
    dry_run_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RunningReplay:
    """A replay with work to do."""

    replay_id: UUID
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document of a dry run; `case` is None if its payload cannot be sent, and `problem` says why.

    `changed`: it has changed since the dry run was ordered.
    """

    place: int
    id: DocumentId
    state: State
    data_area_id: str
    case: CaseToCreate | None
    problem: str | None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Forecast:
    """The predicted result of replaying the document at `place`."""

    place: int
    outcome: ReplayOutcome
    detail: str | None


@dataclass(frozen=True, slots=True)
class Choices:
    """What D365 offers in a legal entity, as far as known: (category, category type) pairs and priorities."""

    categories: frozenset[tuple[str, str]]
    priorities: frozenset[str]


class Replays(Protocol):
    """The store of replays. Each change writes its audit."""

    async def order(self, order: ReplayOrder) -> UUID: ...
    async def change(self, replay_id: UUID, action: ReplayAction, actor: Actor, reason: str) -> bool: ...
    async def state(self, replay_id: UUID) -> ReplayState: ...
    async def gets_on(self, replay_id: UUID) -> bool: ...
    async def running(self, limit: int) -> list[RunningReplay]: ...
    async def step(self, replay_id: UUID, leader: Leader, *, limit: int, most_queued: int) -> int: ...
    async def candidates(self, replay_id: UUID, limit: int) -> list[Candidate]: ...
    async def store_forecasts(self, replay_id: UUID, leader: Leader, forecasts: Sequence[Forecast]) -> int: ...
    async def hold_up(self, replay_id: UUID, why: str) -> None: ...
    async def hold_up_if_full(self, replay_id: UUID, most_queued: int) -> None: ...
    async def choices(self, data_area_id: str) -> Choices: ...


@dataclass(frozen=True)
class OrderReplay:
    """Stores the order and its list of dead letters; `wake` wakes the leader if it runs in this process.

    The same key, or the same dead letters while their replay is open, give the same replay: two clicks are one job.
    """

    replays: Replays
    wake: Callable[[], None]
    wait_seconds: float

    async def __call__(self, order: ReplayOrder) -> UUID:
        """Order it; wait a while for a dry run's end, unless D365 delays it. Raises KeyReused, NotADryRun."""
        replay_id = await self.replays.order(order)
        reached(FaultPoint.REPLAY_ORDERED)
        self.wake()
        if order.dry_run:
            await self._wait(replay_id)
        return replay_id

    async def _wait(self, replay_id: UUID) -> None:
        for _ in range(int(self.wait_seconds / _LOOK_SECONDS)):
            if not await self.replays.gets_on(replay_id):
                return
            await asyncio.sleep(_LOOK_SECONDS)


@dataclass(frozen=True)
class SteerReplay:
    """Pauses, resumes or cancels a replay; takes effect before the leader's next step."""

    replays: Replays
    wake: Callable[[], None]

    async def __call__(self, replay_id: UUID, action: ReplayAction, actor: Actor, reason: str) -> None:
        """Do it; doing it again changes nothing. Raises ReplayNotFound, ReplayNotAllowed."""
        if not await self.replays.change(replay_id, action, actor, reason):
            state = await self.replays.state(replay_id)
            if state is not LEADS_TO[action]:
                raise ReplayNotAllowed(action, state)
        self.wake()

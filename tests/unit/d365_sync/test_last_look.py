"""The last look before a POST: both leases must outlast D365's answer; and an unpermitted POST never begins."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from case_shared.database.leadership import Lease
from case_shared.words.events import Outcome
from d365_sync.app.in_flight import InFlight
from d365_sync.app.ports import Leader, Result
from d365_sync.dispatcher import Dispatcher
from d365_sync.domain.document import Claim, Finding, State
from d365_sync.domain.look_ups import after_look_up, not_cleared
from tests.support.clocks import HandClock
from tests.unit.d365_sync.test_outcomes import CLAIM, POLICY, VERIFYING

TIMEOUT_SECONDS = 30.0
LEASED_UNTIL = CLAIM.expires


@dataclass
class Seen:
    """Replaces D365, the store of outcomes, and the pacing."""

    sent: list[Claim] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    limit: int = 1
    may_send: bool = True

    @property
    def concurrency(self) -> "Seen":
        return self

    async def deliver(self, claim: Claim) -> Result:
        self.sent.append(claim)
        return Result(claim, after_look_up(Finding.FOUND, "C-1", "", claim, POLICY))

    def add(self, result: Result) -> None:
        self.results.append(result)

    def learn(self, *_: object, **__: object) -> None:
        """These tests ignore D365's health."""


def in_flight(clock: HandClock, seen: Any, lease: Lease | None) -> InFlight:
    return InFlight(seen.deliver, seen, seen, clock, TIMEOUT_SECONDS, lambda: None, lease)


async def post(clock: HandClock, lease: Callable[[HandClock], Lease | None]) -> Seen:
    """The result for one document that is ready to be sent."""
    seen, began = Seen(), asyncio.all_tasks()
    in_flight(clock, seen, lease(clock)).take([CLAIM])
    await asyncio.gather(*(asyncio.all_tasks() - began))
    return seen


def held(clock: HandClock) -> Lease:
    return Lease("dispatcher", 1, clock, LEASED_UNTIL)


def ended(clock: HandClock) -> Lease:
    return Lease("dispatcher", 1, clock, clock.monotonic())


def nobody(_clock: HandClock) -> None:
    return None


async def test_a_document_whose_leases_outlast_the_answer_is_sent() -> None:
    seen = await post(HandClock(LEASED_UNTIL - TIMEOUT_SECONDS), held)
    assert [result.decision.outcome for result in seen.results] == [Outcome.DELIVERED]
    assert seen.sent == [CLAIM]


@pytest.mark.parametrize(
    ("seconds", "lease"),
    [
        pytest.param(LEASED_UNTIL - TIMEOUT_SECONDS + 0.001, held, id="the document's lease ends before the answer"),
        pytest.param(0.0, ended, id="the leader's lease has ended"),
        pytest.param(0.0, nobody, id="nobody here leads"),
    ],
)
async def test_a_document_is_not_sent_once_a_lease_has_ended(
    seconds: float, lease: Callable[[HandClock], Lease | None]
) -> None:
    seen = await post(HandClock(seconds), lease)
    assert seen.sent == []
    assert [(result.decision.state, result.decision.outcome) for result in seen.results] == [
        (State.PENDING, Outcome.DEFERRED)
    ]


@pytest.mark.parametrize("lease", [ended, nobody])
async def test_what_waits_for_a_slot_is_given_back_once_the_lease_has_ended(
    lease: Callable[[HandClock], Lease | None],
) -> None:
    clock, seen = HandClock(), Seen(limit=0)
    waiting = in_flight(clock, seen, lease(clock))
    waiting.take([CLAIM])
    waiting.refresh()
    assert [result.decision.state for result in seen.results] == [State.PENDING]


@dataclass
class Fenced:
    """Documents; only `begun` may be posted after their look-up."""

    begun: Sequence[Claim] = ()

    async def begin_posts(self, _leader: Leader, _claims: Sequence[Claim], **_: object) -> Sequence[Claim]:
        return self.begun


async def test_a_post_that_the_database_does_not_permit_has_the_document_looked_up_again() -> None:
    other = replace(VERIFYING, id=CLAIM.id._replace(web_case_id="W1"))
    permitted, refused = Result(VERIFYING, absent(VERIFYING)), Result(other, absent(other))
    seen, clock = Seen(limit=0), HandClock()
    dispatcher: Any = object.__new__(Dispatcher)
    dispatcher.documents = Fenced([VERIFYING])
    dispatcher.in_flight, dispatcher.timeout_seconds = in_flight(clock, seen, held(clock)), TIMEOUT_SECONDS

    await dispatcher._post_cleared([permitted, refused], Leader("dispatcher", 1))

    (decision,) = (result.decision for result in seen.results)
    assert (decision.state, decision.post_now, decision.look_up_seconds) == (State.VERIFYING, False, 0)
    dispatcher.in_flight.give_back("nothing else was to be sent")
    assert [result.claim.id for result in seen.results] == [other.id, VERIFYING.id]


def test_what_was_heard_of_during_the_look_up_before_a_first_post_is_looked_up_first() -> None:
    decision = not_cleared(CLAIM)
    assert (decision.state, decision.look_up_first, decision.post_now) == (State.PENDING, True, False)


def test_what_was_heard_of_during_a_look_up_costs_no_wait() -> None:
    decision = not_cleared(replace(VERIFYING, waits=3))
    assert (decision.waits, decision.look_up_seconds, decision.post_now) == (3, 0, False)


def absent(claim: Claim) -> Any:
    decision = after_look_up(Finding.ABSENT, None, "", replace(claim, unsettled_seconds=0), POLICY)
    assert decision.post_now
    return decision

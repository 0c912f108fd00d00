"""What an operator may do, as a table; and a refusal's reason never advises what is not allowed."""

import itertools
from typing import NamedTuple

import pytest

from d365_sync.domain.document import Action, State
from d365_sync.domain.permissions import Obstacle, Situation, allowed_actions, permission, permissions


class Circumstance(NamedTuple):
    """What decides besides the state: an attempt is running, the payload is gone, the caller has the scope."""

    leased: bool
    emptied: bool
    may_write: bool


CIRCUMSTANCES = [Circumstance(*flags) for flags in itertools.product((False, True), repeat=3)]
YES = None
# What prevents an action, without an alarm: one row per action, one column per state.
STATES = (
    *(State.PENDING, State.DEFERRED, State.DELIVERING, State.VERIFYING),
    *(State.DELIVERED, State.FAILED, State.RETURNED, State.DISCARDED),
)
ON_ITS_WAY = (Obstacle.ON_ITS_WAY, Obstacle.ON_ITS_WAY, Obstacle.BEING_SENT)
ENDED = (Obstacle.AT_AN_END, Obstacle.AT_AN_END)
TABLE: dict[Action, tuple[Obstacle | None, ...]] = {
    Action.REPLAY: (*ON_ITS_WAY, Obstacle.NOT_PROVEN, Obstacle.DELIVERED, YES, *ENDED),
    Action.RETURN: (*ON_ITS_WAY, Obstacle.NOT_PROVEN, Obstacle.DELIVERED, YES, *ENDED),
    Action.DISCARD: (*ON_ITS_WAY, Obstacle.NOT_PROVEN, Obstacle.DELIVERED, YES, *ENDED),
    Action.LINK: (YES, YES, Obstacle.BEING_SENT, YES, Obstacle.DELIVERED, YES, YES, YES),
    Action.VERIFY: (*ON_ITS_WAY, YES, Obstacle.DELIVERED, YES, YES, YES),
    Action.RESTORE: (
        *[Obstacle.NOT_DISCARDED] * 4,
        Obstacle.DELIVERED,
        Obstacle.DEAD_LETTER,
        Obstacle.NOT_DISCARDED,
        YES,
    ),
    Action.ACKNOWLEDGE: (Obstacle.NO_ALARM,) * 8,
}
# Actions that must not overtake a running look-up; a case named by an operator is evidence, which nothing fences.
FENCED = (Action.REPLAY, Action.RETURN, Action.DISCARD, Action.RESTORE)


def expected(action: Action, state: State, now: Circumstance) -> Obstacle | None:
    """The expected obstacle: the table, changed by the three circumstances."""
    if not now.may_write:
        return Obstacle.SCOPE
    obstacle = TABLE[action][STATES.index(state)]
    if obstacle is YES and now.leased and action in FENCED:
        return Obstacle.LOOKED_UP_NOW
    if obstacle is YES and now.emptied and action is Action.VERIFY:
        return Obstacle.PAYLOAD_EMPTIED
    return obstacle


@pytest.mark.parametrize("now", CIRCUMSTANCES, ids=str)
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", Action)
def test_action_by_state_lease_payload_and_scope(action: Action, state: State, now: Circumstance) -> None:
    situation = Situation(state, leased=now.leased, emptied=now.emptied, may_write=now.may_write)

    found = permission(action, situation)

    assert found.obstacle is expected(action, state, now)
    assert (found.why is None) == (found.obstacle is None)
    assert (action in allowed_actions(situation)) == (found.obstacle is None)
    assert found.needs_payload == (now.emptied and action is Action.REPLAY)


@pytest.mark.parametrize("state", State)
def test_an_alarm_can_be_acknowledged_in_any_state(state: State) -> None:
    alarmed = Situation(state, leased=True, emptied=True, alarmed=True)

    assert permission(Action.ACKNOWLEDGE, alarmed).obstacle is None


def test_each_obstacle_occurs() -> None:
    occurring = {
        one.obstacle
        for state, now in itertools.product(State, CIRCUMSTANCES)
        for one in permissions(Situation(state, leased=now.leased, emptied=now.emptied, may_write=now.may_write))
    }
    assert occurring == {None, *Obstacle}


def test_a_reason_never_advises_what_is_not_allowed() -> None:
    for state in State:
        now = Situation(state, leased=state in {State.DELIVERING, State.VERIFYING}, emptied=False)
        advised = [one for one in permissions(now) if "Verify first" in (one.why or "")]
        assert not advised or Action.VERIFY in allowed_actions(now)


def test_a_delivered_document_is_linked_only_where_d365_has_two_cases() -> None:
    for alarmed, doubled in ((False, False), (True, False), (True, True)):
        now = Situation(State.DELIVERED, leased=False, emptied=True, alarmed=alarmed, doubled=doubled)
        assert (Action.LINK in allowed_actions(now)) == doubled

"""What is not allowed says why; what is allowed is what the store allows."""

import itertools

import pytest

from d365_sync.domain.document import ALLOWED, Action, State
from d365_sync.domain.permissions import Obstacle, permissions


@pytest.mark.parametrize("state", list(State))
def test_an_action_that_the_state_permits_has_no_obstacle_and_no_other_does(state: State) -> None:
    for one in permissions(state, leased=False, emptied=False, may_write=True):
        assert (one.obstacle is None) == (state in ALLOWED[one.action])
        assert (one.why is None) == (one.obstacle is None)


def test_each_obstacle_occurs() -> None:
    flags = (False, True)
    occurring = {
        one.obstacle
        for state in State
        for leased, emptied, may_write in itertools.product(flags, flags, flags)
        for one in permissions(state, leased=leased, emptied=emptied, may_write=may_write)
    }
    assert occurring == {None, *Obstacle}


def test_evidence_is_never_fenced() -> None:
    leased = {one.action: one for one in permissions(State.FAILED, leased=True, emptied=True, may_write=True)}
    assert leased[Action.LINK].obstacle is None
    assert leased[Action.REPLAY].obstacle is Obstacle.LOOKED_UP_NOW
    assert leased[Action.REPLAY].needs_payload

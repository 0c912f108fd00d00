"""A document's states and what operators may do, as tables."""

import pytest

from case_shared.words.identifiers import new_web_case_id
from d365_sync.domain.document import ALLOWED, TRANSITIONS, Action, DocumentId, State
from d365_sync.domain.permissions import Situation, allowed_actions

UNPROVEN = {State.DELIVERING, State.VERIFYING}


def test_delivered_is_reached_from_everywhere_and_left_for_nothing() -> None:
    for state in set(State) - {State.DELIVERED}:
        assert State.DELIVERED in TRANSITIONS[state]
    assert TRANSITIONS[State.DELIVERED] == frozenset()
    assert allowed_actions(Situation(State.DELIVERED, leased=False, emptied=False)) == []


@pytest.mark.parametrize("action", [Action.REPLAY, Action.RETURN, Action.DISCARD, Action.RESTORE])
def test_no_end_is_given_while_an_attempt_is_unproven(action: Action) -> None:
    assert not ALLOWED[action] & UNPROVEN


def test_a_dead_letter_can_be_given_every_end() -> None:
    assert allowed_actions(Situation(State.FAILED, leased=False, emptied=False)) == [
        Action.REPLAY,
        Action.LINK,
        Action.VERIFY,
        Action.RETURN,
        Action.DISCARD,
    ]


def test_an_id_is_read_as_it_is_written() -> None:
    key = DocumentId(new_web_case_id(), 12)

    assert DocumentId.parse(str(key)) == key


@pytest.mark.parametrize(
    "text", ["", "x", "W-1", "{id}", "{id}-", "{id}-0", "{id}-x", "{id}-1-1", "{id}-²", "{id}-9999999999"]
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert DocumentId.parse(text.format(id=new_web_case_id())) is None

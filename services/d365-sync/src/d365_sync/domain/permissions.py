"""What an operator may do with a document now, and why not what not: so that nobody must try to find out."""

from dataclasses import dataclass
from enum import StrEnum

from d365_sync.domain.document import ALLOWED, ENDED, Action, State

WRITING = "documents:write"


class Obstacle(StrEnum):
    """Why an action is not allowed now."""

    SCOPE = "scope"
    NOT_PROVEN = "not_proven"
    ON_ITS_WAY = "on_its_way"
    DELIVERED = "delivered"
    AT_AN_END = "at_an_end"
    NOT_DISCARDED = "not_discarded"
    DEAD_LETTER = "dead_letter"
    LOOKED_UP_NOW = "looked_up_now"
    PAYLOAD_EMPTIED = "payload_emptied"


_WORDS = {
    Obstacle.SCOPE: f"your token lacks the scope {WRITING}",
    Obstacle.NOT_PROVEN: "an attempt is not proven yet, and D365 may have the case: verify first",
    Obstacle.ON_ITS_WAY: "it is on its way to D365 and needs nobody",
    Obstacle.DELIVERED: "D365 has it: nothing leads away from there",
    Obstacle.AT_AN_END: "it was returned or discarded",
    Obstacle.NOT_DISCARDED: "only what was discarded can be restored",
    Obstacle.DEAD_LETTER: "it is a dead letter already",
    Obstacle.LOOKED_UP_NOW: "it is being looked up in D365 at this moment; repeat it then",
    Obstacle.PAYLOAD_EMPTIED: "its payload was emptied",
}
# What a look-up that is under way must not be overtaken by; evidence (link) is never fenced.
_FENCED = frozenset({Action.REPLAY, Action.RETURN, Action.DISCARD, Action.RESTORE})


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether `action` is allowed now; `obstacle` is None where it is. `needs_payload`: a replay must bring one."""

    action: Action
    obstacle: Obstacle | None
    needs_payload: bool = False

    @property
    def why(self) -> str | None:
        """The obstacle in words."""
        return _WORDS[self.obstacle] if self.obstacle else None


def permissions(state: State, *, leased: bool, emptied: bool, may_write: bool) -> list[Permission]:
    """Each action with what stands in its way.

    `leased`: an attempt is under way; `emptied`: the payload is no more; `may_write`: the caller has the scope.
    """
    return [
        Permission(
            action,
            Obstacle.SCOPE if not may_write else _obstacle(action, state, leased=leased, emptied=emptied),
            needs_payload=emptied and action is Action.REPLAY,
        )
        for action in Action
    ]


def _obstacle(action: Action, state: State, *, leased: bool, emptied: bool) -> Obstacle | None:
    if state not in ALLOWED[action]:
        return _of_state(action, state)
    if leased and action in _FENCED:
        return Obstacle.LOOKED_UP_NOW
    if emptied and action is Action.VERIFY:
        return Obstacle.PAYLOAD_EMPTIED
    return None


def _of_state(action: Action, state: State) -> Obstacle:
    if state is State.DELIVERED:
        return Obstacle.DELIVERED
    if action is Action.RESTORE:
        return Obstacle.DEAD_LETTER if state is State.FAILED else Obstacle.NOT_DISCARDED
    if state in {State.DELIVERING, State.VERIFYING}:
        return Obstacle.NOT_PROVEN
    return Obstacle.AT_AN_END if state in ENDED else Obstacle.ON_ITS_WAY

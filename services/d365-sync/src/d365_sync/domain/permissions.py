"""What an operator may do with a document now, and why not the rest: the one source for page, lists and refusals."""

from dataclasses import dataclass
from enum import StrEnum

from case_shared.words.scopes import Scope
from d365_sync.domain.document import ALLOWED, ENDED, Action, State

WRITING = Scope.DOCUMENTS_WRITE


class Obstacle(StrEnum):
    """Why an action is not allowed now."""

    SCOPE = "scope"
    BEING_SENT = "being_sent"
    NOT_PROVEN = "not_proven"
    ON_ITS_WAY = "on_its_way"
    DELIVERED = "delivered"
    AT_AN_END = "at_an_end"
    NOT_DISCARDED = "not_discarded"
    DEAD_LETTER = "dead_letter"
    LOOKED_UP_NOW = "looked_up_now"
    PAYLOAD_EMPTIED = "payload_emptied"
    NO_ALARM = "no_alarm"


_WORDS = {
    Obstacle.SCOPE: f"Your token lacks the scope {WRITING}",
    Obstacle.BEING_SENT: "The document is being sent to D365 right now. Try again in a moment",
    Obstacle.NOT_PROVEN: "The result of an attempt is not known yet, and D365 may have the case. Verify first",
    Obstacle.ON_ITS_WAY: "The document is on its way to D365 and needs no action",
    Obstacle.DELIVERED: "D365 has the case, so the document stays delivered",
    Obstacle.AT_AN_END: "The document was returned or discarded",
    Obstacle.NOT_DISCARDED: "Only discarded documents can be restored",
    Obstacle.DEAD_LETTER: "The document is already a dead letter",
    Obstacle.LOOKED_UP_NOW: "The document is being looked up in D365 right now. Try again in a moment",
    Obstacle.PAYLOAD_EMPTIED: "The payload was emptied, so a case in D365 could not be compared with it",
    Obstacle.NO_ALARM: "The document has no alarm",
}
# Actions that must not overtake a look-up under way; evidence (link) is never fenced.
_FENCED = frozenset({Action.REPLAY, Action.RETURN, Action.DISCARD, Action.RESTORE})


@dataclass(frozen=True, slots=True)
class Situation:
    """All that decides: `leased` while an attempt is under way, `emptied` once the payload is gone.

    `alarmed`: it has an alarm that nobody has acknowledged; `may_write`: the caller has the scope;
    `doubled`: the alarm is a second case in D365, so that an operator may choose which of the two is followed.
    """

    state: State
    leased: bool
    emptied: bool
    alarmed: bool = False
    may_write: bool = True
    doubled: bool = False


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether `action` is allowed now; `obstacle` is None if it is. `needs_payload`: a replay must bring one."""

    action: Action
    obstacle: Obstacle | None
    needs_payload: bool = False

    @property
    def why(self) -> str | None:
        """The obstacle in words."""
        return _WORDS[self.obstacle] if self.obstacle else None


def permission(action: Action, now: Situation) -> Permission:
    """Whether `action` is allowed, why not, and what it needs."""
    obstacle = _obstacle(action, now) if now.may_write else Obstacle.SCOPE
    return Permission(action, obstacle, needs_payload=now.emptied and action is Action.REPLAY)


def permissions(now: Situation) -> list[Permission]:
    """Each action with what prevents it."""
    return [permission(action, now) for action in Action]


def allowed_actions(now: Situation) -> list[Action]:
    """The actions that are allowed."""
    return [one.action for one in permissions(now) if one.obstacle is None]


def _obstacle(action: Action, now: Situation) -> Obstacle | None:
    if now.state not in ALLOWED[action]:
        return _of_state(action, now.state)
    if action is Action.LINK and now.state is State.DELIVERED and not now.doubled:
        return Obstacle.DELIVERED
    if action is Action.ACKNOWLEDGE and not now.alarmed:
        return Obstacle.NO_ALARM
    if now.leased and action in _FENCED:
        return Obstacle.LOOKED_UP_NOW
    if now.emptied and action is Action.VERIFY:
        return Obstacle.PAYLOAD_EMPTIED
    return None


def _of_state(action: Action, state: State) -> Obstacle:
    if state is State.DELIVERED:
        return Obstacle.DELIVERED
    if action is Action.RESTORE:
        return Obstacle.DEAD_LETTER if state is State.FAILED else Obstacle.NOT_DISCARDED
    if state is State.DELIVERING:
        return Obstacle.BEING_SENT
    if state is State.VERIFYING:
        return Obstacle.NOT_PROVEN
    return Obstacle.AT_AN_END if state in ENDED else Obstacle.ON_ITS_WAY

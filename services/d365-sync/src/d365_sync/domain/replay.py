"""A replay of many dead letters: its states, the actions on it, and its outcome for each document."""

from collections.abc import Mapping
from enum import StrEnum


class ReplayState(StrEnum):
    """The state of a replay."""

    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELED = "canceled"


class ReplayAction(StrEnum):
    """What an operator may do with a replay."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


class ReplayOutcome(StrEnum):
    """What a replay did with a document, or what a dry run expects."""

    REPLAYED = "replayed"
    LEFT_OUT = "left_out"
    WOULD_CREATE = "would_create"
    ALREADY_THERE = "already_there"
    STILL_INVALID = "still_invalid"


ALLOWED: Mapping[ReplayAction, frozenset[ReplayState]] = {
    ReplayAction.PAUSE: frozenset({ReplayState.RUNNING}),
    ReplayAction.RESUME: frozenset({ReplayState.PAUSED}),
    ReplayAction.CANCEL: frozenset({ReplayState.RUNNING, ReplayState.PAUSED}),
}
# Repeating an action is not an error: pause and cancel can be repeated.
LEADS_TO: Mapping[ReplayAction, ReplayState] = {
    ReplayAction.PAUSE: ReplayState.PAUSED,
    ReplayAction.RESUME: ReplayState.RUNNING,
    ReplayAction.CANCEL: ReplayState.CANCELED,
}


def allowed_replay_actions(state: ReplayState, *, may_write: bool = True) -> list[ReplayAction]:
    """The actions allowed on a replay in `state`; none for a caller who may not write."""
    return [action for action, states in ALLOWED.items() if may_write and state in states]


def replayable(state: ReplayState, *, dry_run: bool, may_write: bool = True) -> bool:
    """Whether a replay of exactly its documents can be ordered: only a completed dry run has looked at them all."""
    return may_write and dry_run and state is ReplayState.COMPLETED

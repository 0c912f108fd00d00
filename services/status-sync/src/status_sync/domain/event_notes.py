"""What becomes of an event of D365, and what is noted of it for operators and for the check of D365."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from case_shared.words.identifiers import is_of_a_check
from status_sync.domain.due_reads import CaseKey, KeyKind
from status_sync.domain.recognition import Recognized

# About seven requests, and seven tries of each key that D365 does not have: less than one request per second.
_STRANGERS = 100
_MINUTE_SECONDS = 60.0


class Outcome(StrEnum):
    """What becomes of an event; only the first three cause a read of D365."""

    DUE = "due"
    DUE_BY_OTHER_EVENT = "due_by_other_event"  # the mapping does not list its ID
    STRANGER = "due_unknown_case"  # a case that was born in D365, as far as we know
    LEFT_TO_POLL = "left_to_poll"  # the same, but too many came in this minute
    TEST = "test"  # D365's test of an endpoint
    NO_CASE = "names_no_case"
    UNUSABLE = "unusable_key"
    NO_DEALER = "unknown_legal_entity"  # it has no registered dealer
    CHECK = "connection_check"  # the marked case of `casebridge d365 check --write`
    FOREIGN = "foreign_web_case_id"  # a case of another Casebridge
    OTHER_ENVIRONMENT = "other_environment"

    @property
    def makes_due(self) -> bool:
        """Whether the case is due for a read."""
        return self in (Outcome.DUE, Outcome.DUE_BY_OTHER_EVENT, Outcome.STRANGER)


class NoteKind(StrEnum):
    """What a note is about; its subject is a legal entity, for `OTHER_ENVIRONMENT` a host."""

    STATUS = "status"  # an event that the mapping lists came for a legal entity with dealers
    TEST = "test"
    NO_DEALER = "unknown_legal_entity"
    FOREIGN = "foreign_web_case_id"
    OTHER_ENVIRONMENT = "other_environment"


class Note(NamedTuple):
    """One line of what is noted about events."""

    kind: NoteKind
    subject: str


class Standing(NamedTuple):
    """What is known of an event's case: whether its legal entity has a registered dealer, and its Case ID is `known`.

    `own` is where the portal's case with its Web Case ID is, if it exists.
    """

    registered: bool
    known: bool
    own: CaseKey | None = None


@dataclass
class Strangers:
    """How many cases that nobody knows here may be read per minute, each once, by this process."""

    per_minute: int = _STRANGERS
    _until: float = field(default=0.0)
    _left: int = field(default=0)
    _seen: set[object] = field(default_factory=set)

    def admit(self, case: object, now: float) -> bool:
        """Whether D365 may be asked about `case` now; `now` in seconds of the monotonic clock."""
        if now >= self._until:
            self._until, self._left = now + _MINUTE_SECONDS, self.per_minute
            self._seen.clear()
        if case in self._seen or not self._left:
            return False
        self._left -= 1
        self._seen.add(case)
        return True


def judge(event: Recognized, standing: Standing, strangers: Strangers, now: float) -> Outcome:
    """Return what becomes of an event; `now` in seconds of the monotonic clock."""
    if event.test:
        return Outcome.TEST
    if event.environment is not None:
        return Outcome.OTHER_ENVIRONMENT
    if event.case is None:
        return Outcome.UNUSABLE if event.unusable else Outcome.NO_CASE
    if not standing.registered and standing.own is None:
        return Outcome.NO_DEALER
    if standing.own is not None or standing.known:
        return Outcome.DUE if event.expected else Outcome.DUE_BY_OTHER_EVENT
    if event.web_case_id:
        return Outcome.CHECK if is_of_a_check(event.web_case_id) else Outcome.FOREIGN
    return Outcome.STRANGER if strangers.admit(event.case, now) else Outcome.LEFT_TO_POLL


def keys_of(event: Recognized, standing: Standing) -> set[CaseKey]:
    """Return what an event makes due.

    An event's legal entity is the one in which somebody worked, which need not be the case's: so a case of ours is read
    where we know it to be, and also where the event says it is, because it may have moved.
    """
    named = {event.case} if event.case is not None and standing.registered else set()
    own = standing.own
    # A case whose Case ID is not known here yet is found by the one that the event names.
    if own is None or (own.kind is KeyKind.WEB_CASE_ID and any(own.data_area_id == key.data_area_id for key in named)):
        return named
    return {own, *named}


def note_of(event: Recognized, standing: Standing, outcome: Outcome) -> Note | None:
    """Return what to note of an event, or None."""
    match outcome:
        case Outcome.OTHER_ENVIRONMENT:
            return Note(NoteKind.OTHER_ENVIRONMENT, event.environment or "")
        case Outcome.TEST:
            return Note(NoteKind.TEST, event.legal_entity)
        case Outcome.NO_DEALER:
            return Note(NoteKind.NO_DEALER, event.legal_entity)
        case Outcome.FOREIGN:
            return Note(NoteKind.FOREIGN, event.legal_entity)
        case _:
            came = outcome.makes_due or outcome is Outcome.CHECK
            listed = event.expected and came and standing.registered
            return Note(NoteKind.STATUS, event.legal_entity) if listed else None

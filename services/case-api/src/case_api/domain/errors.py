"""Why a request cannot be done as it is; web/problems.py words each for the caller.

Refused
├── CaseNotFound         no such case, or another dealer's
├── WrongVersion         the case has changed since the caller read it
├── NotADraft            submitted: cannot be edited or submitted again
├── OnceSubmitted        a case that was ever submitted cannot be deleted
├── NotSubmitted         the case has no submission to show
├── IncompleteCase       what a submission lacks, by field
├── KeyReused            the Idempotency-Key came with another request before
├── DraftDeleted         the draft that the Idempotency-Key added was deleted since
└── KeyInUse             the first request with this Idempotency-Key is under way
ListsUnknown (Transient) D365's category list was not read yet
TooManyStreams (Transient), TooManyStreamsOfUser, TooManyStreamsOfDealer (Transient): this replica opens no more
ListTooSlow (Transient)  the list's statement took longer than allowed
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from case_shared.words.errors import Refused, Transient


class CaseNotFound(Refused):
    """The dealer has no such case."""


class WrongVersion(Refused):
    """The case is at version `current`, which is not among those that the caller named, if any."""

    def __init__(self, current: int, named: Collection[int]) -> None:
        super().__init__(f"the case is at version {current}")
        self.current, self.named = current, named


class NotADraft(Refused):
    """The case is submitted."""


class OnceSubmitted(Refused):
    """The case is or was submitted, so it is kept."""


class NotSubmitted(Refused):
    """The case was never submitted through the portal."""


class WrongField(NamedTuple):
    """A field of the case, as a JSON pointer, and what to do about it."""

    pointer: str
    detail: str


class IncompleteCase(Refused):
    """The case cannot be submitted until `fields` are corrected."""

    def __init__(self, fields: Sequence[WrongField]) -> None:
        super().__init__("; ".join(f"{field.pointer}: {field.detail}" for field in fields))
        self.fields = tuple(fields)


class KeyReused(Refused):
    """One key identifies one request."""


class DraftDeleted(Refused):
    """A deleted draft does not come back by its key."""


class KeyInUse(Refused):
    """Another request with the same key is under way."""


class ListsUnknown(Transient):
    """A category can be checked only after the list was read from D365."""


class TooManyStreams(Transient):
    """The replica has as many live streams as allowed."""


class TooManyStreamsOfUser(Transient):
    """The user has `most` live streams at this replica, as many as allowed."""

    def __init__(self, most: int) -> None:
        super().__init__(f"the user has {most} live streams")
        self.most = most


class TooManyStreamsOfDealer(Transient):
    """The dealer has `most` live streams at this replica, as many as allowed."""

    def __init__(self, most: int) -> None:
        super().__init__(f"the dealer has {most} live streams")
        self.most = most


class ListTooSlow(Transient):
    """The database ended a statement of the list that took too long."""

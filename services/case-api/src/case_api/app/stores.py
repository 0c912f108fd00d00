"""What the use cases need of the database; postgres/ has the only implementation."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from uuid import UUID

from case_api.domain.case import Case, Content, Submission
from case_api.domain.dealers import Dealer
from case_api.domain.list_query import Counts, ListQuery, Place
from case_api.domain.submission import Facts
from case_api.domain.timeline import PastSubmission, Status
from case_shared.words.actor import Actor
from case_shared.words.category_types import CategoryTypes
from case_shared.words.events import SubmissionState

# A statement says why it did nothing from what its snapshot showed; if another request changed the case meanwhile,
# that is not a reason, and the use case tries again.
LOOKS = 5


@dataclass(frozen=True, slots=True)
class Key:
    """An Idempotency-Key: its owner (issuer and subject), and the hash of the request that it identifies."""

    issuer: str
    subject: str
    key: str
    request_hash: bytes


class Added(NamedTuple):
    """A draft as it was added; `request_hash` is of the request that added it, `created`: whether just now.

    `case` is None if the Idempotency-Key identifies something other than a draft, or a draft that was `deleted`.
    """

    created: bool
    request_hash: bytes
    case: Case | None
    deleted: bool = False


class Saved(NamedTuple):
    """A new draft; `replayed` if its Idempotency-Key had added it before."""

    case: Case
    replayed: bool


class Listed(NamedTuple):
    """A case of a list, and its place in it."""

    case: Case
    place: Place


class Deletion(NamedTuple):
    """Whether the case was deleted, and if not, why: the case as it was; `submitted`: ever."""

    deleted: bool
    phase: str
    submitted: bool
    version: int


@dataclass(frozen=True, slots=True)
class SubmitRequest:
    """A request to submit a draft that is at one of `versions`."""

    dealer: str
    web_case_id: str
    versions: Sequence[int]
    submission_id: UUID
    submitted_by: Actor
    traceparent: str | None
    validate_only: bool
    key: Key | None = None


class Kept(NamedTuple):
    """How an Idempotency-Key was answered, and the hash of the request."""

    request_hash: bytes
    submission: Submission | None


@dataclass(frozen=True, slots=True)
class SubmitAnswer:
    """The result of a submission; without `submitted` the rest says why, or what was submitted before.

    `key_held` is false if another request with the Idempotency-Key is under way; `kept`: how the key was answered.
    """

    submitted: bool
    phase: str
    version: int
    submitted_version: int | None
    facts: Facts
    submission: Submission | None
    key_held: bool
    kept: Kept | None


class Resent(NamedTuple):
    """A case whose submission was put into the outbox again, and the submission's trace."""

    web_case_id: str
    traceparent: str | None


class SubmissionKey(NamedTuple):
    """Which submission a record names."""

    web_case_id: str
    submission_no: int
    submission_id: UUID


class Progress(NamedTuple):
    """How far d365-sync has come with a submission; `news` if that was not stored yet.

    `delivered_seconds`: how long its first delivery took since the submission, if this is it.
    """

    web_case_id: str
    submission_no: int
    state: SubmissionState
    news: bool
    delivered_seconds: float | None
    traceparent: str | None


class Category(NamedTuple):
    """A category that dealers may choose."""

    category: str
    category_type: str
    description: str | None


class Priority(NamedTuple):
    """A priority that dealers may choose."""

    priority: str
    description: str | None


class CaseStore(Protocol):
    """A dealer's cases; each method is one round trip. Another dealer's case is not found."""

    async def add(
        self, web_case_id: str, dealer: Dealer, content: Content, created_by: Actor, key: Key | None
    ) -> Added:
        """Add a draft, or find what `key` has added before.

        Raises: `KeyInUse`; `WebCaseIdTaken` if the Web Case ID must be drawn again.
        """

    async def recall(self, dealer: str, key: Key) -> Added | None:
        """Return what `key` has added before, or None."""

    async def find(self, dealer: str, web_case_id: str) -> Case | None:
        """Return the case, or None."""

    async def edit(
        self, dealer: str, web_case_id: str, versions: Collection[int], changes: Mapping[str, str | None]
    ) -> tuple[bool, Case] | None:
        """Change columns of a draft at one of `versions`; return whether it changed, and the case; None: no case."""

    async def delete(self, dealer: str, web_case_id: str, versions: Collection[int]) -> Deletion | None:
        """Delete a draft at one of `versions` that was never submitted; None: no such case."""

    async def submissions(self, dealer: str, web_case_id: str) -> list[PastSubmission]:
        """Return all submissions of a case, oldest first."""

    async def statuses(self, web_case_id: str) -> list[Status]:
        """Return the statuses that D365 gave a case while its owner was known, oldest first."""


class CaseList(Protocol):
    """A dealer's cases as a list. All raise `ListTooSlow` if a statement takes too long."""

    async def page(self, query: ListQuery, after: Place | None, limit: int) -> list[Listed]:
        """Return up to `limit` cases after `after`."""

    async def counts(self, query: ListQuery) -> Counts:
        """Count the cases, up to a thousand of each kind."""


class SubmitStore(Protocol):
    """The submission, in one round trip."""

    async def submit(self, request: SubmitRequest) -> SubmitAnswer | None:
        """Submit a draft; None: no such case."""


class WebCaseIdTaken(Exception):
    """Another case has this Web Case ID."""


class ListStore(Protocol):
    """What status-sync has read of D365's lists."""

    async def dealers(self) -> list[Dealer]:
        """Return all dealers of the registry."""

    async def categories(self, data_area_id: str, types: CategoryTypes) -> list[Category]:
        """Return the categories of a legal entity."""

    async def priorities(self, data_area_id: str) -> list[Priority]:
        """Return the priorities of a legal entity."""

    async def lengths(self) -> dict[str, int]:
        """Return how many characters D365 keeps of each text; a missing one has room for all that the API allows."""


class DeliveryStore(Protocol):
    """The states of submissions, within one transaction."""

    async def apply(self, submissions: Sequence[SubmissionKey]) -> list[Progress]:
        """Take over the states of submissions (sorted, each once) from d365-sync; omits those that it does not have."""

    async def return_cases(self, progress: Sequence[Progress]) -> list[str]:
        """Make the cases whose current submission is among them drafts again; return their IDs."""

    async def restore_delivered(self, progress: Sequence[Progress]) -> list[str]:
        """Make these delivered submissions current again if they are not; return the IDs of their cases."""


class ResendStore(Protocol):
    """What is put into the outbox again."""

    async def resend(self, limit: int) -> list[Resent]:
        """Put up to `limit` submissions that got no response into the outbox again; return them."""

"""Replays as operators send and get them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_shared.web.problems import FieldError, invalid
from case_shared.words.json_object import Json
from d365_sync.app.replays import DeadLetters
from d365_sync.domain.document import State
from d365_sync.domain.replay import ReplayAction, ReplayOutcome, ReplayState
from d365_sync.web.requests import Body, PageQuery, Reason, TextFilter, WordFilter


class ReplayQuery(Body):
    """Which dead letters to replay: the filters of GET /v1/documents. `state` is required and must be `failed`."""

    state: Literal["failed"]
    dealer: WordFilter = None
    cause: WordFilter = None
    older_than_seconds: Annotated[float | None, Field(ge=0, le=10**9, strict=True)] = None
    q: TextFilter = None

    def wanted(self) -> DeadLetters:
        """The filter for the store."""
        return DeadLetters(self.dealer, self.cause, self.older_than_seconds, self.q)


class ReplaysInput(Body):
    """Which dead letters to replay, and why. `dry_run` changes nothing.

    Instead of `query`, `replay_id` can name a dry run. Then exactly its documents are replayed, as it saw them;
    documents that have changed since are left out and counted.
    """

    query: ReplayQuery | None = None
    replay_id: UUID | None = None
    dry_run: Annotated[bool, Field(strict=True)] = False
    reason: Reason

    def check(self) -> None:
        """Raise 422 unless there is either a query or a dry run's ID."""
        if self.query is None and self.replay_id is None:
            raise invalid([FieldError(pointer="/query", detail="Send a query, or the replay_id of a dry run.")])
        if self.query is not None and self.replay_id is not None:
            raise invalid([FieldError(pointer="/replay_id", detail="Send either a query or a replay_id, not both.")])
        if self.replay_id is not None and self.dry_run:
            raise invalid(
                [FieldError(pointer="/dry_run", detail="A dry run cannot start from another dry run. Send a query.")]
            )


class ReplayPageQuery(PageQuery):
    """One page of a replay's documents. `outcome` selects those with this outcome."""

    outcome: ReplayOutcome | None = None


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class ReplayCounts(_Document):
    """How many documents it covers, their outcomes, and how many remain.

    `would_create`, `already_there` and `still_invalid` count the outcomes of a dry run, `replayed` those of a replay.
    """

    documents: int
    remaining: int
    replayed: int
    left_out: int = Field(description="Documents that had changed since the order. Each says why it was left out.")
    would_create: int
    already_there: int
    still_invalid: int


class ReplayDocument(_Document):
    """A bulk replay of dead letters."""

    replay_id: UUID
    state: ReplayState
    dry_run: bool
    query: Json
    dry_run_id: UUID | None = Field(description="The dry run whose documents it replays.")
    reason: str
    created_by: str
    created_by_subject: str | None
    created_by_issuer: str | None
    created_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    held_up_by: str | None = Field(description="Why it is waiting.")
    counts: ReplayCounts
    allowed_actions: list[ReplayAction] = Field(description="What the caller can do with it now.")
    replayable: bool = Field(description="Whether the caller can replay exactly its documents.")


class ReplayItem(_Document):
    """A document of the replay: what the replay did with it (null: nothing yet), and its current state."""

    id: str
    web_case_id: str
    submission_no: int
    dealer: str
    outcome: ReplayOutcome | None
    detail: str | None
    state: State
    cause: str | None
    case_id: str | None


class OneReplayDocument(ReplayDocument):
    """A replay with one page of its documents, oldest first.

    `states` counts the replayed documents by their current state.
    """

    states: dict[State, int]
    items: list[ReplayItem]
    next: str | None
    has_more: bool


class ReplaysDocument(_Document):
    """One page of replays, newest first."""

    items: list[ReplayDocument]
    next: str | None
    has_more: bool

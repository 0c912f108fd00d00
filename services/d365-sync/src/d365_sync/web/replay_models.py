"""Replays as operators send and get them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from case_shared.web.problems import FieldError, invalid
from d365_sync.app.replays import DeadLetters
from d365_sync.domain.document import State
from d365_sync.domain.replay import ReplayAction, ReplayOutcome, ReplayState
from d365_sync.web.requests import Body, PageQuery, Reason, TextFilter, WordFilter

Json = dict[str, Any]


class ReplayQuery(Body):
    """Which dead letters; the filters of GET /v1/documents. `state` must be named: nothing else can be replayed."""

    state: Literal["failed"]
    dealer: WordFilter = None
    cause: WordFilter = None
    older_than_seconds: Annotated[float | None, Field(ge=0, le=10**9, strict=True)] = None
    q: TextFilter = None

    def wanted(self) -> DeadLetters:
        """The filter for the store."""
        return DeadLetters(self.dealer, self.cause, self.older_than_seconds, self.q)


class ReplaysInput(Body):
    """An order: which dead letters, and why; with `dry_run` nothing is changed.

    In place of `query`, `replay_id` names a dry run: exactly its documents are replayed, as it saw them; those that
    have changed since are left out and counted.
    """

    query: ReplayQuery | None = None
    replay_id: UUID | None = None
    dry_run: Annotated[bool, Field(strict=True)] = False
    reason: Reason

    def check(self) -> None:
        """Raise 422 unless there is either a query or a dry run's ID."""
        if self.query is None and self.replay_id is None:
            raise invalid([FieldError(pointer="/query", detail="Send it, or the replay_id of a dry run.")])
        if self.query is not None and self.replay_id is not None:
            raise invalid([FieldError(pointer="/replay_id", detail="Send it or a query, not both.")])
        if self.replay_id is not None and self.dry_run:
            raise invalid([FieldError(pointer="/dry_run", detail="A dry run cannot be ordered of a dry run.")])


class ReplayPageQuery(PageQuery):
    """A page of a replay's documents; `outcome` filters by outcome."""

    outcome: ReplayOutcome | None = None


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class ReplayCounts(_Document):
    """How many documents it was given for, what came of them, and how many are to be done.

    `would_create`, `already_there` and `still_invalid` are a dry run's, `replayed` a real one's.
    """

    documents: int
    remaining: int
    replayed: int
    left_out: int = Field(description="were no more as they were when it was ordered; each says why")
    would_create: int
    already_there: int
    still_invalid: int


class ReplayDocument(_Document):
    """A replay of many dead letters."""

    replay_id: UUID
    state: ReplayState
    dry_run: bool
    query: Json
    dry_run_id: UUID | None = Field(description="the dry run whose documents it was given for")
    reason: str
    created_by: str
    created_by_subject: str | None
    created_by_issuer: str | None
    created_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    held_up_by: str | None = Field(description="why a dry run does not get on for now")
    counts: ReplayCounts
    allowed_actions: list[ReplayAction] = Field(description="what the caller may do with it now")
    replayable: bool = Field(description="whether the caller can order a replay of exactly its documents")


class ReplayItem(_Document):
    """One of its documents: what the replay did with it (null: nothing yet), and how it stands now."""

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
    """A replay with a page of its documents, oldest first; `states`: how many it replayed stand where now."""

    states: dict[State, int]
    items: list[ReplayItem]
    next: str | None
    has_more: bool


class ReplaysDocument(_Document):
    """A page of replays, newest first."""

    items: list[ReplayDocument]
    next: str | None
    has_more: bool

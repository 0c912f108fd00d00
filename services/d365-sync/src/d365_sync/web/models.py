"""What operators get, as OpenAPI shows it; answers are built by hand, and tests compare them with these models."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from case_shared.words.events import Outcome
from d365_sync.domain.document import Action, Alarm, Cause, State, known_cause
from d365_sync.web.document_models import CaseNow, ChangeDocument, NoteDocument, PermissionDocument, RequestDocument
from d365_sync.web.window_models import WindowDocument

KnownCause = Annotated[Cause | None, BeforeValidator(known_cause)]


class Document(BaseModel):
    """Base: frozen. Later versions may add fields (docs/upgrade.md), so the schemas allow others."""

    model_config = ConfigDict(frozen=True)


class Page(Document):
    """One page of a list. `next` is the cursor of the next page."""

    next: str | None
    has_more: bool


class ContactDocument(Document):
    """The person to ask about the case."""

    name: str | None
    email: str | None
    phone: str | None


class PayloadDocument(Document):
    """What the dealer wrote, or what an operator replaced it with."""

    category: str
    category_type: str | None
    priority: str | None
    description: str | None
    contact: ContactDocument | None
    notes: str | None


class AttemptInShort(Document):
    """One attempt: a POST or a look-up, and its outcome (null while it is running)."""

    kind: str = Field(examples=["create"])
    started: AwareDatetime
    ended: AwareDatetime | None
    outcome: Outcome | None
    finding: str | None = Field(description="The result of a look-up.", examples=["absent"])


class AttemptDocument(AttemptInShort):
    """One attempt, with what was sent and what D365 answered, until retention empties them."""

    why: str | None
    status: int | None = Field(description="The HTTP status of D365's answer.")
    request: str | None
    answer: str | None
    duration_seconds: float | None
    client_request_id: UUID | None = Field(
        description="The ID of our request (`x-ms-client-request-id`), for D365's support."
    )
    dyn_aid: str | None = Field(description="The ID of D365's answer (`ms-dyn-aid`), for D365's support.")


class DifferenceDocument(Document):
    """A field that D365 stored differently from what was sent. The texts are emptied with the payload."""

    field: str = Field(examples=["description"])
    sent: str | None
    stored: str | None


class DocumentInShort(Document):
    """One submission on its way to D365."""

    id: str = Field(examples=["W7K3M9QX2T-1"])
    web_case_id: str
    submission_no: int
    submission_id: UUID
    dealer: str
    data_area_id: str
    customer_account: str
    state: State
    cause: KnownCause = Field(description="Why the document is in its state, as a word for programs.")
    reason: str | None = Field(description="The reason, as the dealer sees it.")
    detail: str | None = Field(description="The full reason, for operators.")
    given_reason: str | None = Field(description="The reason that an operator gave.")
    case_id: str | None
    attempt_count: int = Field(description="How many attempts there were.")
    attempts: list[AttemptInShort] = Field(description="The last ten attempts, oldest first.")
    created_by: str
    created_by_subject: str | None
    created_by_issuer: str | None
    created_at: AwareDatetime
    submitted_at: AwareDatetime
    delivered_at: AwareDatetime | None
    changed_at: AwareDatetime
    next_attempt_at: AwareDatetime | None
    revision: int
    replay_id: UUID | None
    payload: PayloadDocument | None = Field(description="null after retention has emptied it.")
    alarm: Alarm | None = Field(
        description="Something that must not happen. `acknowledge` ends the alarm; for a second case, `link` to the "
        "other case does, too."
    )
    alarm_since: AwareDatetime | None
    differences: list[DifferenceDocument] = Field(
        description="The fields that D365 stored differently from what was sent."
    )
    allowed_actions: list[Action]


class DocumentPage(Page):
    """Documents, newest first."""

    items: list[DocumentInShort]


class DocumentDocument(DocumentInShort):
    """A document with all details of its attempts."""

    attempts: list[AttemptDocument] = Field(  # type: ignore[assignment]
        description="The last 100 attempts, oldest first."
    )
    other_case_ids: list[str] = Field(description="Further cases that D365 has for the same submission.")
    case: CaseNow | None = Field(description="null if case-api does not have the case.")
    actions: list[PermissionDocument] = Field(
        description="All actions, each with the reason why the caller cannot use it now."
    )
    request: RequestDocument | None = Field(description="The complete request to D365.")
    submitted_payload: PayloadDocument | None = Field(description="The payload as the dealer submitted it.")
    changes: list[ChangeDocument] | None = Field(description="What operators edited. null if this is no longer known.")
    notes: list[NoteDocument] = Field(description="The newest 20 notes.")


class CommonReason(Document):
    """A reason that several dead letters share (at most 300 characters)."""

    reason: str
    count: int


class DocumentGroup(Document):
    """Dead letters of one cause."""

    cause: KnownCause
    count: int
    first: AwareDatetime
    last: AwareDatetime
    reasons: list[CommonReason] = Field(description="The five most common reasons.")


class DocumentGroups(Page):
    """Dead letters by cause, on a single page."""

    items: list[DocumentGroup]


class BreakerDocument(Document):
    """The circuit breaker for D365."""

    state: str = Field(pattern="^(closed|open|half_open)$")
    since: AwareDatetime | None
    reason: str | None


class EnvironmentDocument(Document):
    """The D365 environment that the database belongs to, and a different one that was refused."""

    d365_url: str | None
    refused_url: str | None


class PausedConsumer(Document):
    """A consumer that is paused because of a flood of unreadable records."""

    consumer_group: str
    topic: str
    since: AwareDatetime
    told_at: AwareDatetime
    cause: str
    let_through_until: AwareDatetime | None


class DeliveryDocument(Document):
    """The state of delivery."""

    breaker: BreakerDocument
    paused: bool
    paused_by: str | None
    paused_by_subject: str | None
    paused_by_issuer: str | None
    paused_reason: str | None
    paused_at: AwareDatetime | None
    windows: list[WindowDocument] = Field(description="The active and planned maintenance windows.")
    concurrency: int
    in_flight: int
    backlog: int
    oldest_age_seconds: float
    failed: int
    environment: EnvironmentDocument
    restored_at: AwareDatetime | None
    paused_consumers: list[PausedConsumer]

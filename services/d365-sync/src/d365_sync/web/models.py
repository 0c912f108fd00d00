"""What operators get, as OpenAPI shows it; answers are built by hand, and tests compare them with these models."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from case_shared.words.events import Outcome
from d365_sync.domain.document import Action, Alarm, Cause, State
from d365_sync.web.document_models import CaseNow, ChangeDocument, NoteDocument, PermissionDocument, RequestDocument
from d365_sync.web.window_models import WindowDocument

Json = dict[str, Any]


class Document(BaseModel):
    """Base: frozen, and without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Page(Document):
    """A page of a list; `next` is the cursor of the next one."""

    next: str | None
    has_more: bool


class ContactDocument(Document):
    """Whom D365's staff may ask."""

    name: str | None
    email: str | None
    phone: str | None


class PayloadDocument(Document):
    """What the dealer wrote, or an operator in place of it."""

    category: str
    category_type: str | None
    priority: str | None
    description: str | None
    contact: ContactDocument | None
    notes: str | None


class AttemptInShort(Document):
    """One try: a POST or a look-up, and what came of it (null while it is under way)."""

    kind: str = Field(examples=["create"])
    started: AwareDatetime
    ended: AwareDatetime | None
    outcome: Outcome | None
    finding: str | None = Field(description="of a look-up", examples=["absent"])


class AttemptDocument(AttemptInShort):
    """One try, with what was sent and what D365 answered, until retention empties them."""

    why: str | None
    status: int | None = Field(description="of D365's answer")
    request: str | None
    answer: str | None
    duration_seconds: float | None
    client_request_id: UUID | None = Field(description="of our request (`x-ms-client-request-id`), for D365's support")
    dyn_aid: str | None = Field(description="of D365's answer (`ms-dyn-aid`), for D365's support")


class DifferenceDocument(Document):
    """A field that D365 has other than it was sent; the texts go when the payload does."""

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
    cause: Cause | None = Field(description="why it failed")
    reason: str | None = Field(description="as the dealer sees it")
    detail: str | None = Field(description="the full text, for operators")
    given_reason: str | None = Field(description="an operator's")
    case_id: str | None
    attempts: list[AttemptInShort]
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
    payload: PayloadDocument | None = Field(description="null once retention has emptied it")
    alarm: Alarm | None = Field(
        description="what must not be; `acknowledge` ends it, a second case also `link` to the other"
    )
    alarm_since: AwareDatetime | None
    differences: list[DifferenceDocument] = Field(description="what D365 stored other than it was sent")
    allowed_actions: list[Action]


class DocumentPage(Page):
    """Documents, newest first."""

    items: list[DocumentInShort]


class DocumentDocument(DocumentInShort):
    """A document with every attempt, whole."""

    attempts: list[AttemptDocument]  # type: ignore[assignment]
    other_case_ids: list[str] = Field(description="cases that D365 has of the same submission, beside `case_id`")
    case: CaseNow | None = Field(description="null where case-api does not have it")
    actions: list[PermissionDocument] = Field(description="each with what stands in its way for the caller")
    request: RequestDocument | None = Field(description="what D365 gets, whole")
    submitted_payload: PayloadDocument | None = Field(description="as the dealer submitted it")
    changes: list[ChangeDocument] | None = Field(
        description="what operators edited; null where it is not known any more"
    )
    notes: list[NoteDocument] = Field(description="the newest twenty")


class CommonReason(Document):
    """A reason that dead letters of a cause share, 300 characters at most."""

    reason: str
    count: int


class DocumentGroup(Document):
    """Dead letters of one cause."""

    cause: Cause | None
    count: int
    first: AwareDatetime
    last: AwareDatetime
    reasons: list[CommonReason] = Field(description="the five commonest")


class DocumentGroups(Page):
    """Dead letters by cause; there is one page."""

    items: list[DocumentGroup]


class BreakerDocument(Document):
    """The breaker before D365."""

    state: str = Field(pattern="^(closed|open|half_open)$")
    since: AwareDatetime | None
    reason: str | None


class EnvironmentDocument(Document):
    """The D365 environment that the database belongs to, and another that was refused."""

    d365_url: str | None
    refused_url: str | None


class PausedConsumer(Document):
    """A consumer that a flood of unreadable records stops."""

    consumer_group: str
    topic: str
    since: AwareDatetime
    told_at: AwareDatetime
    cause: str
    let_through_until: AwareDatetime | None


class DeliveryDocument(Document):
    """How delivery goes."""

    breaker: BreakerDocument
    paused: bool
    paused_by: str | None
    paused_by_subject: str | None
    paused_by_issuer: str | None
    paused_reason: str | None
    paused_at: AwareDatetime | None
    windows: list[WindowDocument] = Field(description="maintenance under way and to come")
    concurrency: int
    in_flight: int
    backlog: int
    oldest_age_seconds: float
    failed: int
    environment: EnvironmentDocument
    restored_at: AwareDatetime | None
    paused_consumers: list[PausedConsumer]

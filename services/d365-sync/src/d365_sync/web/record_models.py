"""What operators get about stored records: unreadable records, the audit, the ledger."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from d365_sync.domain.changes import Kind
from d365_sync.domain.document import State
from d365_sync.domain.replay import ReplayState
from d365_sync.web.models import Document, Page


class UnreadableRecord(Document):
    """A record of Kafka that a service could not read, as it came."""

    id: int
    topic: str
    partition: int
    offset: int
    last_offset: int = Field(description="of the range, where records that cannot be decoded cannot be distinguished")
    consumer_group: str
    key_base64: str | None
    value_base64: str | None
    headers: Any = Field(
        description="[name, value in hexadecimal digits], and the name so, too, where it cannot be shown as it is"
    )
    cause: str
    recorded_at: AwareDatetime
    kept_at: AwareDatetime
    seen_at: AwareDatetime | None = Field(description="when an operator first looked at it")
    seen_by: str | None
    seen_by_subject: str | None
    seen_by_issuer: str | None
    key_text: str | None = Field(description="the beginning as text; what is no UTF-8 is U+FFFD")
    value_text: str | None
    value_bytes: int | None


class UnreadableRecords(Page):
    """Unreadable records, newest first."""

    items: list[UnreadableRecord]


class FieldChange(Document):
    """A field of an edited payload, and what became of it."""

    field: str = Field(examples=["contact.email"])
    change: Kind


class AuditEntry(Document):
    """Who did what and why; edited fields by name, never their values."""

    id: int
    at: AwareDatetime
    actor: str
    actor_subject: str | None
    actor_issuer: str | None
    action: str
    document: str | None
    web_case_id: str | None
    submission_no: int | None
    replay_id: UUID | None
    reason: str | None
    fields: list[str]
    changes: list[FieldChange] = Field(description="of an edited payload, against what stood there before")
    documents: int | None = Field(description="to how many")
    outcome: State | ReplayState | None = Field(description="how they, or the replay, stand now")


class AuditPage(Page):
    """The audit, newest first."""

    items: list[AuditEntry]


class DeviationDocument(Document):
    """How many, and the first of them."""

    count: int
    web_case_ids: list[str]


class ComparisonDocument(Document):
    """What D365's books and ours do not agree on."""

    cases: int
    delivered_not_found: DeviationDocument
    found_not_delivered: DeviationDocument
    found_twice: DeviationDocument


class LedgerDocument(Document):
    """Where the submissions stand; those that are `younger` are not judged."""

    adds_up: bool
    as_of: AwareDatetime
    submissions: int
    younger: int
    no_document: int
    open: int
    delivered: int
    failed: int
    returned: int
    discarded: int
    without_submission: int
    without_case_id: int
    d365: ComparisonDocument | None = None

"""What operators get about stored records: unreadable records, the audit, the ledger."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from d365_sync.domain.changes import Kind
from d365_sync.domain.document import State
from d365_sync.domain.replay import ReplayState
from d365_sync.web.models import Document, Page


class UnreadableRecord(Document):
    """A Kafka record that a service could not read, in its original form."""

    id: int
    topic: str
    partition: int
    offset: int
    last_offset: int = Field(description="The last offset, if this is a range of records that could not be decoded.")
    consumer_group: str
    key_base64: str | None
    value_base64: str | None
    headers: Any = Field(
        description="Pairs of name and value; the value in hexadecimal digits, and the name, too, if it is not text."
    )
    cause: str
    recorded_at: AwareDatetime
    kept_at: AwareDatetime
    seen_at: AwareDatetime | None = Field(description="When an operator first looked at it.")
    seen_by: str | None
    seen_by_subject: str | None
    seen_by_issuer: str | None
    key_text: str | None = Field(description="The beginning as text. Bytes that are not valid UTF-8 appear as U+FFFD.")
    value_text: str | None
    value_bytes: int | None


class UnreadableRecords(Page):
    """Unreadable records, newest first."""

    items: list[UnreadableRecord]


class FieldChange(Document):
    """A field of an edited payload, and how it changed."""

    field: str = Field(examples=["contact.email"])
    change: Kind


class AuditEntry(Document):
    """Who did what and why. Edited fields appear by name, never with their values."""

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
    changes: list[FieldChange] = Field(description="What changed in an edited payload.")
    documents: int | None = Field(description="How many documents the action applied to.")
    outcome: State | ReplayState | None = Field(description="The current state of the document or the replay.")


class AuditPage(Page):
    """The audit, newest first."""

    items: list[AuditEntry]


class DeviationDocument(Document):
    """The number of cases, and the first of them."""

    count: int
    web_case_ids: list[str]


class ComparisonDocument(Document):
    """Where D365 and Casebridge disagree."""

    cases: int
    delivered_not_found: DeviationDocument
    found_not_delivered: DeviationDocument
    found_twice: DeviationDocument


class LedgerDocument(Document):
    """The submissions by state. Those counted as `younger` are not judged."""

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

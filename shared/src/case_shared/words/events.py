"""The events between the services: frozen payloads, and CloudEvents 1.0 in Kafka's binary mode around them.

The binding (https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/kafka-protocol-binding.md) puts
attributes into headers `ce_*` and the payload into the value. The JSON schemas in docs/events are generated from here.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Self, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from case_shared.words.errors import UnreadableRecord
from case_shared.words.identifiers import WEB_CASE_ID_PATTERN

# PostgreSQL cannot store NUL; lone surrogates cannot be encoded.
_TEXT = r"^[^\x00]*$"
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


WebCaseId = Annotated[str, StringConstraints(pattern=WEB_CASE_ID_PATTERN)]
DealerSlug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$")]
MAX_KEY_CHARACTERS = 100
Key = Annotated[str, StringConstraints(min_length=1, max_length=MAX_KEY_CHARACTERS, pattern=_TEXT)]
Category = Annotated[str, StringConstraints(max_length=120, pattern=_TEXT)]
Code = Annotated[str, StringConstraints(max_length=60, pattern=_TEXT)]
Description = Annotated[str, StringConstraints(max_length=4000, pattern=_TEXT)]
Notes = Annotated[str, StringConstraints(max_length=20000, pattern=_TEXT)]
ContactName = Annotated[str, StringConstraints(max_length=200, pattern=_TEXT)]
ContactEmail = Annotated[str, StringConstraints(max_length=254, pattern=_TEXT)]
ContactPhone = Annotated[str, StringConstraints(max_length=50, pattern=_TEXT)]


class CaseStatus(StrEnum):
    """The status of a case as dealers see it, in the order of a case's life."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_PROCESS = "in_process"
    OPEN = "open"
    CLOSED = "closed"
    CANCELED = "canceled"


class SubmissionState(StrEnum):
    """The progress of a submission, and the state of its document."""

    PENDING = "pending"
    DELIVERING = "delivering"
    VERIFYING = "verifying"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    FAILED = "failed"
    RETURNED = "returned"
    DISCARDED = "discarded"


class Outcome(StrEnum):
    """The outcome of one attempt."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    DEFERRED = "deferred"


class Payload(BaseModel):
    """Base of what crosses an edge: frozen; ignores fields that a newer sender added."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Contact(Payload):
    """The person to ask about the case."""

    name: ContactName | None = None
    email: ContactEmail | None = None
    phone: ContactPhone | None = None


class CaseContent(Payload):
    """The complete content that the dealer wrote. A submission always has a category."""

    category: Category
    category_type: Code | None = None
    priority: Code | None = None
    description: Description | None = None
    contact: Contact | None = None
    notes: Notes | None = None


PersonName = Annotated[str, StringConstraints(max_length=254, pattern=_TEXT)]
Subject = Annotated[str, StringConstraints(max_length=255, pattern=_TEXT)]
Issuer = Annotated[str, StringConstraints(max_length=2000, pattern=_TEXT)]


class CaseSubmitted(Payload):
    """A dealer has submitted a case (case-api → d365-sync).

    Names can change; issuer and subject do not. Submissions from before 2026-12 have no subjects.
    """

    web_case_id: WebCaseId
    submission_no: Annotated[int, Field(ge=1)]
    submission_id: UUID
    dealer: DealerSlug
    data_area_id: Key
    customer_account: Key
    content: CaseContent
    created_by: PersonName
    submitted_at: AwareDatetime
    created_by_subject: Subject | None = None
    created_by_issuer: Issuer | None = None
    submitted_by: PersonName | None = None
    submitted_by_subject: Subject | None = None
    submitted_by_issuer: Issuer | None = None

    @property
    def event_id(self) -> str:
        """The same whenever this submission is sent."""
        return str(self.submission_id)


class AttemptSummary(Payload):
    """One attempt, as a dealer may see it."""

    started: AwareDatetime
    ended: AwareDatetime | None = None
    outcome: Outcome | None = None


class CaseDelivery(Payload):
    """The progress of a delivery (d365-sync → case-api, status-sync). The greater (submission_no, revision) wins."""

    web_case_id: WebCaseId
    submission_no: Annotated[int, Field(ge=1)]
    submission_id: UUID
    revision: Annotated[int, Field(ge=1)]
    state: SubmissionState
    cause: str | None = None
    reason: str | None = None
    case_id: Key | None = None
    attempts: tuple[AttemptSummary, ...] = ()
    occurred_at: AwareDatetime

    @property
    def event_id(self) -> str:
        """The same whenever this revision is sent."""
        return f"{self.web_case_id}-{self.submission_no}-{self.revision}"


class CaseStatusChanged(Payload):
    """A case changed in D365, was first seen there, or was lost there (status-sync → d365-sync, live streams)."""

    dealer: DealerSlug
    web_case_id: WebCaseId
    case_id: Key
    submission_id: UUID | None = None
    status: CaseStatus
    d365_status: str | None = None
    status_as_of: AwareDatetime

    @property
    def event_id(self) -> str:
        """One for each state of a case; one that moves is announced to two dealers at the same time."""
        return f"{self.web_case_id}-{self.dealer}-{self.status_as_of.isoformat()}"


Event = CaseSubmitted | CaseDelivery | CaseStatusChanged
EventT = TypeVar("EventT", CaseSubmitted, CaseDelivery, CaseStatusChanged)
_TYPES: dict[type[Payload], str] = {
    CaseSubmitted: "case.submitted.v1",
    CaseDelivery: "case.delivery.v1",
    CaseStatusChanged: "case.status-changed.v1",
}
Headers = list[tuple[str, bytes]]


class Record(NamedTuple):
    """A Kafka record to be sent; the `key` of one of our events is the Web Case ID."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers

    @classmethod
    def of(cls, event: Event, *, source: str, time: datetime, traceparent: str | None) -> Self:
        """Wrap `event` as a CloudEvent; `source` names the service."""
        event_type = _TYPES[type(event)]
        attributes = {
            "ce_specversion": "1.0",
            "ce_id": event.event_id,
            "ce_source": f"/casebridge/{source}",
            "ce_type": event_type,
            "ce_time": time.isoformat(),
            "ce_subject": event.web_case_id,
            "content-type": "application/json",
        }
        if traceparent:
            attributes["traceparent"] = traceparent
        headers = [(name, value.encode()) for name, value in attributes.items()]
        return cls(event_type, event.web_case_id.encode(), event.model_dump_json().encode(), headers)

    def traced(self, traceparent: str | None) -> Self:
        """Return the same record, in the trace that `traceparent` names."""
        others = [one for one in self.headers if one[0] != "traceparent"]
        return self._replace(headers=[*others, ("traceparent", traceparent.encode())] if traceparent else others)


def decode(event: type[EventT], value: bytes | None, headers: Iterable[tuple[str, Any]]) -> EventT:
    """Read an event from a record's value and headers.

    Raises: `UnreadableRecord` if the value is empty, not JSON, of another type, or does not fit the model.
    """
    if value is None:
        raise UnreadableRecord("the record has no value")
    sent_type = header(headers, "ce_type")
    if sent_type is not None and sent_type != _TYPES[event]:
        raise UnreadableRecord(f"header ce_type is {sent_type!r}, expected {_TYPES[event]!r}")
    try:
        return event.model_validate_json(value)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        causes = [f"{'.'.join(map(str, problem['loc'])) or 'value'}: {problem['msg']}" for problem in problems]
        raise UnreadableRecord("; ".join(causes)[:2000]) from None


def traceparent_of(headers: Iterable[tuple[str, Any]]) -> str | None:
    """Return the trace that a record belongs to, or None; an invalid one must not lose the record."""
    found = header(headers, "traceparent")
    return found if found and _TRACEPARENT.fullmatch(found) else None


def header(headers: Iterable[tuple[str, Any]], name: str) -> str | None:
    """Return the text of the first header `name`, or None; bytes that are not UTF-8 become U+FFFD."""
    for key, value in headers:
        if key == name and isinstance(value, bytes):
            return value.decode(errors="replace")
    return None

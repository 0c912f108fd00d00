"""What operators send: query parameters, If-Match, bodies; and the cursors of lists."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from case_shared.d365.keys import D365Key
from case_shared.web.cursors import LONGEST_CURSOR
from case_shared.web.problems import FieldError, Problem, invalid
from case_shared.words.days import Zone
from case_shared.words.events import (
    CaseContent,
    Code,
    Contact,
    ContactEmail,
    ContactName,
    ContactPhone,
    Description,
    Notes,
)
from case_shared.words.spreadsheets import Separator, Spreadsheet, separator_of
from case_shared.words.written import plain_email
from d365_sync.domain.document import Alarm, DocumentId, State
from d365_sync.domain.ledger import JUDGED_SECONDS

_TEXT = r"^[^\x00]*$"
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=_TEXT)]
WordFilter = Annotated[str | None, Field(max_length=100, pattern=_TEXT)]
TextFilter = Annotated[str | None, Field(max_length=200, pattern=_TEXT)]
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _written(value: object) -> object:
    # pydantic would read a number as seconds since 1970.
    if not (isinstance(value, str) and _DATE.match(value)):
        raise ValueError("write a time with an offset, such as 2026-03-08T06:00:00Z")
    return value


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("in UTC, the time must be within the years 1 to 9999") from None


Time = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_utc)]
_TAG = re.compile(r'(?<!W/)"(\d{1,9})"')


class Body(BaseModel):
    """Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ContactInput(Body):
    """The person to ask about the case."""

    name: ContactName | None = None
    email: Annotated[ContactEmail | None, BeforeValidator(plain_email)] = None
    phone: ContactPhone | None = None


class PayloadInput(Body):
    """The complete payload that replaces what the dealer wrote. It does not contain IDs, dealer or legal entity."""

    category: Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=_TEXT)]
    category_type: Code | None = None
    priority: Code | None = None
    description: Description | None = None
    contact: ContactInput | None = None
    notes: Notes | None = None

    def content(self) -> CaseContent:
        """The content as a document stores it; only given fields count as set."""
        given = self.model_dump(exclude_unset=True)
        contact = given.pop("contact", None)
        return CaseContent(**given, contact=Contact(**contact)) if contact else CaseContent(**given)


class ReasonInput(Body):
    """The reason for an action."""

    reason: Reason


class OptionalReasonInput(Body):
    """The reason for an action that does not require one. The body is optional."""

    reason: Reason = "no reason given"


NO_REASON = OptionalReasonInput()


class ReplayInput(ReasonInput):
    """Replay a document, optionally with another payload."""

    payload: PayloadInput | None = None


class LinkInput(ReasonInput):
    """Link a document to a case in D365."""

    case_id: D365Key


class DocumentsQuery(Body):
    """Filters of the list. `state` accepts several states, separated by commas."""

    state: str | None = None
    dealer: WordFilter = None
    cause: WordFilter = None
    alarm: Alarm | None = None
    older_than_seconds: Annotated[float | None, Field(ge=0, le=10**9)] = None
    q: TextFilter = None
    cursor: Annotated[str | None, Field(max_length=LONGEST_CURSOR)] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 25

    def states(self) -> Sequence[State]:
        """The requested states; all if none is given. Raises 422 for an unknown state."""
        words = [word.strip() for word in (self.state or "").split(",") if word.strip()]
        try:
            return [State(word) for word in dict.fromkeys(words)] or tuple(State)
        except ValueError:
            known = ", ".join(State)
            raise invalid([FieldError(pointer="?state", detail=f"Use one or more of these states: {known}.")]) from None


class PageQuery(Body):
    """One page of a list. `cursor` is `next` of the previous page."""

    cursor: Annotated[str | None, Field(max_length=LONGEST_CURSOR)] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 25


class AuditFilterQuery(Body):
    """Filters of the audit: document, replay, actor, action and time."""

    document: Annotated[str | None, Field(max_length=50)] = None
    replay: UUID | None = None
    actor: TextFilter = None
    action: WordFilter = None
    since: Time | None = None
    until: Time | None = None


class AuditFileQuery(AuditFilterQuery):
    """Which entries, and how to write the file."""

    zone: Annotated[Zone, Field(description="The time zone of the times in the file.")] = "UTC"
    separator: Annotated[
        Separator | None,
        Field(
            description="The separator between cells. Default: what spreadsheets in the language of `Accept-Language` "
            "use."
        ),
    ] = None

    def spreadsheet(self, accept_language: str) -> Spreadsheet:
        """How to write rows for a client with this `Accept-Language`."""
        return Spreadsheet(self.separator or separator_of(accept_language), ZoneInfo(self.zone))


class AuditQuery(AuditFilterQuery, PageQuery):
    """One page of the audit."""


class RecordsQuery(PageQuery):
    """One page of unreadable records, by topic and by whether an operator has seen them."""

    topic: TextFilter = None
    seen: bool | None = None


class LedgerQuery(Body):
    """`d365` also compares with D365. Submissions younger than `older_than_seconds` are not judged."""

    d365: bool = False
    older_than_seconds: Annotated[float, Field(ge=0, le=10**9)] = JUDGED_SECONDS


class NoQuery(Body):
    """No parameters."""


def no_query_on_orders(request: Request) -> None:
    """Raise 422 if a POST has query parameters: orders belong in the body."""
    if request.method == "POST":
        unknown = [
            FieldError(pointer=f"?{name}", detail="Unknown parameter. Send it in the body, or leave it out.")
            for name in request.query_params
        ]
        if unknown:
            raise invalid(unknown)


def document_id(text: str) -> DocumentId:
    """The document that the address names; raises 404 if no document can have that ID."""
    found = DocumentId.parse(text)
    if found is None:
        raise Problem(404, "not-found", "Not found", f"Document {text} does not exist.")
    return found


def expected_revision(request: Request) -> int:
    """The revision in If-Match, 0 if it contains none; raises 428 if the header is missing."""
    header = request.headers.get("if-match")
    if header is None:
        detail = "Send the document's ETag in If-Match. It ensures that you decide on what you have seen."
        raise Problem(428, "version-required", "If-Match is missing", detail)
    found = _TAG.fullmatch(header.strip())
    # No document is ever at revision 0, so the answer is 412.
    return int(found[1]) if found else 0

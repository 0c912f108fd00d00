"""What operators send: query parameters, If-Match, bodies; and the cursors of lists."""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Request
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from case_shared.events import (
    CaseContent,
    Code,
    Contact,
    ContactEmail,
    ContactName,
    ContactPhone,
    Description,
    Notes,
)
from case_shared.problems import FieldError, Problem, invalid
from d365_sync.domain.document import DocumentId, State
from d365_sync.domain.ledger import JUDGED_SECONDS

_TEXT = r"^[^\x00]*$"
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=_TEXT)]
WordFilter = Annotated[str | None, Field(max_length=100, pattern=_TEXT)]
TextFilter = Annotated[str | None, Field(max_length=200, pattern=_TEXT)]
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _written(value: object) -> object:
    # pydantic takes a number for seconds since 1970.
    if not (isinstance(value, str) and _DATE.match(value)):
        raise ValueError("write a time with its zone, such as 2026-03-08T06:00:00Z")
    return value


Time = Annotated[AwareDatetime, BeforeValidator(_written)]
_TAG = re.compile(r'(?<!W/)"(\d{1,9})"')


class Body(BaseModel):
    """What is sent: unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ContactInput(Body):
    """Whom D365's staff may ask."""

    name: ContactName | None = None
    email: ContactEmail | None = None
    phone: ContactPhone | None = None


class PayloadInput(Body):
    """What is sent in place of what the dealer wrote, whole. Ids, dealer and legal entity are no part of it."""

    category: Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=_TEXT)]
    category_type: Code | None = None
    priority: Code | None = None
    description: Description | None = None
    contact: ContactInput | None = None
    notes: Notes | None = None

    def content(self) -> CaseContent:
        """As a document holds it; only what was given counts as set."""
        given = self.model_dump(exclude_unset=True)
        contact = given.pop("contact", None)
        return CaseContent(**given, contact=Contact(**contact)) if contact else CaseContent(**given)


class ReasonInput(Body):
    """Why."""

    reason: Reason


class OptionalReasonInput(Body):
    """Why, for what does not demand it; the body may be left out."""

    reason: Reason = "no reason given"


NO_REASON = OptionalReasonInput()


class ReplayInput(ReasonInput):
    """Try again, perhaps with another payload."""

    payload: PayloadInput | None = None


class LinkInput(ReasonInput):
    """Tie it to a case of D365."""

    case_id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_TEXT)]


class DocumentsQuery(Body):
    """Filters of the list; `state` takes several, by comma."""

    state: str | None = None
    dealer: WordFilter = None
    cause: WordFilter = None
    older_than_seconds: Annotated[float | None, Field(ge=0, le=10**9)] = None
    q: TextFilter = None
    cursor: Annotated[str | None, Field(max_length=500)] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 25

    def states(self) -> Sequence[State]:
        """The states asked for; all where none is. Raises 422 for a word that is none."""
        words = [word.strip() for word in (self.state or "").split(",") if word.strip()]
        try:
            return [State(word) for word in dict.fromkeys(words)] or tuple(State)
        except ValueError:
            known = ", ".join(State)
            raise invalid([FieldError(pointer="?state", detail=f"There are these states: {known}.")]) from None


class PageQuery(Body):
    """A page of a list; `cursor` is `next` of the page before."""

    cursor: Annotated[str | None, Field(max_length=500)] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 25


class AuditFilterQuery(Body):
    """Which entries: of a document, of a replay, of somebody, of one action, in a time."""

    document: Annotated[str | None, Field(max_length=50)] = None
    replay: UUID | None = None
    actor: TextFilter = None
    action: WordFilter = None
    since: Time | None = None
    until: Time | None = None


class AuditQuery(AuditFilterQuery, PageQuery):
    """A page of them."""


class RecordsQuery(PageQuery):
    """A page of unreadable records; of one topic, seen or not seen."""

    topic: TextFilter = None
    seen: bool | None = None


class LedgerQuery(Body):
    """With `d365` the books are held against D365's too; what is younger than `older_than_seconds` is not judged."""

    d365: bool = False
    older_than_seconds: Annotated[float, Field(ge=0, le=10**9)] = JUDGED_SECONDS


class NoQuery(Body):
    """No parameters at all."""


def no_query_on_orders(request: Request) -> None:
    """Raise 422 where a POST has query parameters: what is ordered stands in the body."""
    if request.method == "POST":
        unknown = [
            FieldError(pointer=f"?{name}", detail="There is no such parameter here.") for name in request.query_params
        ]
        if unknown:
            raise invalid(unknown)


def document_id(text: str) -> DocumentId:
    """The document that the address names; raises 404 where none can have that id."""
    found = DocumentId.parse(text)
    if found is None:
        raise Problem(404, "not-found", "Not found", f"There is no document {text}.")
    return found


def expected_revision(request: Request) -> int:
    """The revision that If-Match names; raises 428 where it is missing, 412 where it names none."""
    header = request.headers.get("if-match")
    if header is None:
        detail = "Send the document's ETag in If-Match, so that you decide on what you have seen."
        raise Problem(428, "version-required", "If-Match is missing", detail)
    found = _TAG.fullmatch(header.strip())
    # No document is ever at revision 0.
    return int(found[1]) if found else 0


def encode_cursor(*parts: str | int | datetime) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: type) -> list[str | int] | None:
    """The cursor's parts, of these kinds; raises 422 where it is none of this list."""
    if cursor is None:
        return None
    try:
        parts = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        parts = None
    if not isinstance(parts, list) or [type(part) for part in parts] != list(kinds):
        raise wrong_cursor()
    return parts


def wrong_cursor() -> Problem:
    """422."""
    return invalid([FieldError(pointer="?cursor", detail="Take `next` of the page before, or leave it out.")])

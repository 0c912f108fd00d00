"""The list's query parameters: read and checked, each refusal with its name and the way out."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from case_api.domain.list_query import Column, Filters, ListQuery, Search, Sort
from case_api.web.cursor import LONGEST
from case_shared.events import CaseStatus

ME = "me"
_SORTS = [f"{sign}{column}" for column in Column for sign in ("", "-")]
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_LATEST = datetime.max.replace(tzinfo=UTC)
_DAY, _MOMENT = timedelta(days=1), timedelta(microseconds=1)


def _wrong(message: str) -> PydanticCustomError:
    # Not a ValueError, before whose message pydantic would put "Value error".
    return PydanticCustomError("value", "{message}", {"message": message})


def _checked_by(read: Callable[[str], object]) -> AfterValidator:
    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise _wrong("It may not hold the character NUL.")
    return text


def _sort(text: str) -> Sort:
    if text not in _SORTS:
        raise _wrong(f"Sort by one of {', '.join(Column)}; with - before it for descending.")
    return Sort.parse(text)


def _statuses(text: str) -> tuple[CaseStatus, ...]:
    named = {name.strip() for name in text.split(",")}
    if not named <= set(CaseStatus):
        raise _wrong(f"Name one or more of {', '.join(CaseStatus)}, with commas between them.")
    return tuple(status for status in CaseStatus if status in named)


def _time(text: str) -> tuple[datetime, timedelta]:
    """The first moment of a date or time, and how long it lasts: a day in UTC, or a moment."""
    try:
        if _DATE.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=UTC), _DAY
        if _TIME.fullmatch(text):
            return _in_utc(datetime.fromisoformat(text.upper())), _MOMENT
    except ValueError:
        pass
    raise _wrong("Give a date (2026-01-31, a day in UTC) or a time with its offset (2026-01-31T08:00:00Z; + is %2B).")


def _last(text: str) -> datetime:
    first, lasts = _time(text)
    return first + min(lasts, _LATEST - first)


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:  # beyond the first or the last day that there is
        return _LATEST if time.year > 1 else datetime.min.replace(tzinfo=UTC)


_TEXT = Field(json_schema_extra={"pattern": r"^[^\x00]*$"})
_TIMES = Field(
    json_schema_extra={"anyOf": [{"format": "date"}, {"format": "date-time"}], "examples": ["2026-01-31"]},
)
_SEVERAL = rf"^\s*({'|'.join(CaseStatus)})\s*(,\s*({'|'.join(CaseStatus)})\s*)*$"
Text = Annotated[str, StringConstraints(min_length=1, max_length=254), AfterValidator(_no_nul), _TEXT]
Typed = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(_no_nul), _TEXT]
Sorted = Annotated[str, _checked_by(_sort), Field(json_schema_extra={"enum": _SORTS})]
Statuses = Annotated[
    str,
    _checked_by(_statuses),
    Field(json_schema_extra={"pattern": _SEVERAL, "examples": ["open,in_process"]}),
]
Time = Annotated[str, _checked_by(_time), _TIMES]


class FilterParameters(BaseModel):
    """Which cases, in which order."""

    model_config = ConfigDict(frozen=True)

    q: Typed | None = Field(
        None,
        description="Part of a Web Case ID, a Case ID, a user (created_by) or a status's label (English, German, "
        "Icelandic); with less than three letters or digits, how it begins. Case is ignored; in ids O is read as 0, "
        "too, and I and L as 1.",
        examples=["w4k2"],
    )
    status: Statuses | None = Field(None, description="one or more, with commas between them")
    category: Text | None = Field(None, description="as the case shows it: D365's once D365 has the case")
    priority: Text | None = Field(None, description="as the case shows it")
    created_by: Text | None = Field(None, description="a user, case ignored; `me` is the caller", examples=[ME])
    origin: Annotated[str, StringConstraints(pattern="^(portal|d365)$")] | None = None
    created_from: Time | None = Field(None, description="a date (its day in UTC begins the range) or a time")
    created_to: Time | None = Field(
        None, description="a date (the whole of its day in UTC is within) or a time, included"
    )
    undelivered: bool | None = Field(
        None, description="true: submitted, but D365 does not have it yet; false: the others"
    )
    sort: Sorted = Field(
        str(Sort()),
        description="a column, `-` for descending. What has no value comes last both ways; equals are sorted by "
        "created_at, then web_case_id, in the same direction. Status goes by the order of a case's life; created_by, "
        "category, priority and description ignore case, the last three beyond 100 characters all else, too.",
    )

    def query(self, dealer: str, username: str) -> ListQuery:
        """The list of `dealer` that `username` asks for."""
        filters = Filters(
            search=Search.parse(self.q) if self.q else None,
            statuses=_statuses(self.status) if self.status is not None else (),
            category=self.category,
            priority=self.priority,
            created_by=username if self.created_by == ME else self.created_by,
            origin=self.origin,
            created_from=_time(self.created_from)[0] if self.created_from else None,
            created_before=_last(self.created_to) if self.created_to else None,
            undelivered=self.undelivered,
        )
        return ListQuery(dealer, filters, _sort(self.sort))


class ListParameters(FilterParameters):
    """And which page."""

    cursor: Annotated[str, StringConstraints(max_length=LONGEST)] | None = Field(
        None, description="`next` of the page before; q, filters and sort must be the same"
    )
    limit: int = Field(25, ge=1, le=100)
    counts: bool = Field(False, description="count the cases, too: in all, and by status whatever `status` names")

"""The list's query parameters: read and checked; each refusal names the parameter and what to do."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from case_api.domain.list_query import Collation, Column, Filters, ListQuery, Search, Sort
from case_api.domain.searched_text import words_of
from case_shared.web.cursors import LONGEST_CURSOR
from case_shared.words.actor import Actor
from case_shared.words.days import Zone, day_begins, day_ends
from case_shared.words.events import CaseStatus
from case_shared.words.languages import accepted_languages
from case_shared.words.spreadsheets import Separator, Spreadsheet, separator_of

ME = "me"
_SORTS = [f"{sign}{column}" for column in Column for sign in ("", "-")]
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_LATEST = datetime.max.replace(tzinfo=UTC)
_MOMENT = timedelta(microseconds=1)


def _wrong(message: str) -> PydanticCustomError:
    # Not a ValueError: pydantic would put "Value error" before its message.
    return PydanticCustomError("value", "{message}", {"message": message})


def _checked_by(read: Callable[[str], object]) -> AfterValidator:
    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise _wrong("Remove the character NUL.")
    return text


def _sort(text: str) -> Sort:
    if text not in _SORTS:
        raise _wrong(f"Sort by one of {', '.join(Column)}. Put - before it to sort in descending order.")
    return Sort.parse(text)


def _statuses(text: str) -> tuple[CaseStatus, ...]:
    named = {name.strip() for name in text.split(",")}
    if not named <= set(CaseStatus):
        raise _wrong(f"Name one or more of {', '.join(CaseStatus)}, separated by commas.")
    return tuple(status for status in CaseStatus if status in named)


def _time(text: str) -> date | datetime:
    """Read a day, or a moment in UTC."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
        if _TIME.fullmatch(text):
            return _in_utc(datetime.fromisoformat(text.upper()))
    except ValueError:
        pass
    raise _wrong("Give a date (2026-01-31) or a time with an offset (2026-01-31T08:00:00Z; write + as %2B).")


def _first(text: str, zone: ZoneInfo) -> datetime:
    """Return the first moment of a day or time."""
    read = _time(text)
    return read if isinstance(read, datetime) else day_begins(read, zone)


def _behind(text: str, zone: ZoneInfo) -> datetime:
    """Return the first moment after a day or time."""
    read = _time(text)
    return read + min(_MOMENT, _LATEST - read) if isinstance(read, datetime) else day_ends(read, zone)


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:  # before the first or after the last possible day
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
        description="Part of a Web Case ID, a Case ID, a user (`created_by`) or a status label (English, German, "
        "Icelandic); one character is enough. Upper and lower case, invisible characters and surrounding "
        "punctuation make no difference; typographic dashes and full-width characters match the plain "
        "ones, O also matches 0, and I and L match 1. If nothing is left to search for, the list contains "
        "all cases.",
        examples=["w4k2"],
    )
    text: Typed | None = Field(
        None,
        description="Words that must all occur in the case's description or notes, in any order and also within words. "
        "Characters match as for `q`.",
        examples=["hydraulic pump"],
    )
    status: Statuses | None = Field(None, description="One or more statuses, separated by commas.")
    category: Text | None = Field(None, description="The category that the case shows: D365's, once D365 has the case.")
    priority: Text | None = Field(None, description="The priority that the case shows.")
    created_by: Text | None = Field(
        None,
        description="A username, in upper or lower case. `me` means the caller, under any username.",
        examples=[ME],
    )
    origin: Annotated[str, StringConstraints(pattern="^(portal|d365)$")] | None = None
    created_from: Time | None = Field(None, description="The first day (in `zone`) or time of the range.")
    created_to: Time | None = Field(None, description="The last day (in `zone`) or time of the range, inclusive.")
    undelivered: bool | None = Field(
        None, description="`true`: only cases that are submitted but not in D365 yet. `false`: all others."
    )
    zone: Zone = Field("UTC", description="The time zone of the days in `created_from` and `created_to`.")
    sort: Sorted = Field(
        str(Sort()),
        description="The column to sort by; `-` before it means descending. Cases without a value come last in both "
        "directions; cases with equal values are sorted by created_at, then web_case_id, in the same "
        "direction. Status follows the order of a case's life. Priority follows D365's configured order, "
        "or its name if D365 has none. created_by, category, priority and description follow the alphabet "
        "of `Accept-Language` (English, German or Icelandic, otherwise the Unicode root's) and ignore "
        "upper and lower case; only the first 100 characters of category, priority and description count.",
    )

    def query(self, dealer: str, caller: Actor, accept_language: str = "") -> ListQuery:
        """Return the list of `dealer` that `caller` asks for, in the language of `accept_language`."""
        zone = ZoneInfo(self.zone)
        filters = Filters(
            search=Search.parse(self.q) if self.q else None,
            words=words_of(self.text) if self.text else (),
            statuses=_statuses(self.status) if self.status is not None else (),
            category=self.category,
            priority=self.priority,
            created_by=None if self.created_by == ME else self.created_by,
            mine=caller if self.created_by == ME else None,
            origin=self.origin,
            created_from=_first(self.created_from, zone) if self.created_from else None,
            created_before=_behind(self.created_to, zone) if self.created_to else None,
            undelivered=self.undelivered,
        )
        return ListQuery(dealer, filters, Sort.parse(self.sort, Collation.of(accepted_languages(accept_language))))


class ExportParameters(FilterParameters):
    """The filters, and how the file is written."""

    zone: Zone = Field(
        "UTC", description="The time zone of the times in the file, and of the days in `created_from` and `created_to`."
    )
    separator: Separator | None = Field(
        None,
        description="The separator between cells. Default: what spreadsheets in the language of `Accept-Language` use.",
    )

    def spreadsheet(self, accept_language: str) -> Spreadsheet:
        """Return how to write rows for the sender of this `Accept-Language`."""
        return Spreadsheet(self.separator or separator_of(accept_language), ZoneInfo(self.zone))


class ListParameters(FilterParameters):
    """The filters, and which page."""

    cursor: Annotated[str, StringConstraints(max_length=LONGEST_CURSOR)] | None = Field(
        None,
        description="`next` of the previous page. q, text, filters, sort and `Accept-Language` must be the same.",
    )
    limit: int = Field(25, ge=1, le=100)
    counts: bool = Field(
        False, description="Whether to count the cases too: in total, and for each status (regardless of `status`)."
    )

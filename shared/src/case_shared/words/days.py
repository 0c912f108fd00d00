"""Days as people mean them: from their beginning to the beginning of the next, in a time zone."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

_LONGEST_ZONE = 64
_STEP = timedelta(minutes=1)


def find_zone(name: str) -> ZoneInfo | None:
    """The IANA time zone of this name, such as `Europe/Berlin`; None: there is none."""
    try:
        return ZoneInfo(name) if 0 < len(name) <= _LONGEST_ZONE else None
    except (KeyError, ValueError, OSError):  # unknown, no relative path, a directory
        return None


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of `day`, in UTC: later than 00:00 where clocks skip it, the first where they show it twice.

    The first day that there is begins where `datetime` does.
    """
    try:
        # In a gap this is read by the offset before it, so never before the day's first moment.
        begin = datetime.combine(day, time.min, zone).astimezone(UTC)
        while (begin - _STEP).astimezone(zone).date() == day:
            begin -= _STEP
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
    return begin


def day_ends(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of the day after `day`, in UTC."""
    return datetime.max.replace(tzinfo=UTC) if day == date.max else day_begins(day + timedelta(days=1), zone)


def _known(name: str) -> str:
    if find_zone(name) is None:
        message = "There is no such time zone; write it as IANA does, such as Europe/Berlin or UTC."
        raise PydanticCustomError("value", "{message}", {"message": message})
    return name


Zone = Annotated[str, Field(max_length=_LONGEST_ZONE, examples=["Europe/Berlin"]), AfterValidator(_known)]

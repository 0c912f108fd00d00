"""Days as people mean them: from their start to the start of the next, in a time zone."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

_LONGEST_ZONE = 64
_STEP = timedelta(minutes=1)


def find_zone(name: str) -> ZoneInfo | None:
    """Return the IANA time zone with this name, such as `Europe/Berlin`, or None if none has it."""
    try:
        return ZoneInfo(name) if 0 < len(name) <= _LONGEST_ZONE else None
    except (KeyError, ValueError, OSError):  # unknown, not a relative path, a directory
        return None


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of `day`, in UTC: later than 00:00 if clocks skip it, the first if they show it twice.

    The earliest possible day starts where `datetime` does.
    """
    try:
        # In a gap this uses the offset before it, so the result is never before the day's first moment.
        begin = datetime.combine(day, time.min, zone).astimezone(UTC)
        while (begin - _STEP).astimezone(zone).date() == day:
            begin -= _STEP
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
    return begin


def day_ends(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of the day after `day`, in UTC."""
    return datetime.max.replace(tzinfo=UTC) if day == date.max else day_begins(day + timedelta(days=1), zone)


def _known(name: str) -> str:
    if find_zone(name) is None:
        message = "Unknown time zone. Use an IANA name such as Europe/Berlin or UTC."
        raise PydanticCustomError("value", "{message}", {"message": message})
    return name


Zone = Annotated[str, Field(max_length=_LONGEST_ZONE, examples=["Europe/Berlin"]), AfterValidator(_known)]

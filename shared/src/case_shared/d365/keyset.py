"""The poll's keyset: after which case the next page starts, with the modified time as D365 wrote it."""

import re
from datetime import datetime
from typing import NamedTuple, Self

from case_shared.d365.errors import D365Misconfigured
from case_shared.d365.mapping import CaseFields
from case_shared.d365.models import D365Case, ModifiedKey
from case_shared.d365.odata import datetime_literal

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,12})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_BEYOND_MICROSECONDS = re.compile(r"\.\d{6}(\d+)", re.ASCII)


class Place(NamedTuple):
    """A case's place in D365's order.

    D365 may write more digits than a datetime keeps (its events have seven). Cut off, the time would be before the
    case's own, and the next page would start with the same cases again: so `written` is sent back as it came.
    """

    key: ModifiedKey
    written: str

    @classmethod
    def at(cls, key: ModifiedKey) -> Self:
        """Return the place where a reader starts."""
        return cls(key, datetime_literal(key.modified_at))

    def filter(self, fields: CaseFields) -> str:
        """Return the filter for what follows: D365 compares times and Int64, but refuses `gt` on text."""
        same_moment = f"{fields.modified_at} eq {self.written} and {fields.rec_id} gt {self.key.rec_id}"
        return f"({fields.modified_at} gt {self.written}) or ({same_moment})"

    def advanced_to(self, last: D365Case, written: object) -> "Place":
        """Return the place of `last`, modified at `written` in D365's words. Raises: D365Misconfigured: no advance."""
        moment = written if isinstance(written, str) and _MOMENT.fullmatch(written) else None
        # A case that was last changed before D365 kept such times has its empty date, which is a place all the same.
        modified_at = last.modified_at or (datetime.fromisoformat(moment) if moment else None)
        if modified_at is None or last.rec_id is None:
            missing = "modified_at" if modified_at is None else "rec_id"
            raise D365Misconfigured(f"D365 returned a case without its {missing}; check [case.fields] {missing}")
        following = Place.at(ModifiedKey(modified_at, last.rec_id))
        if moment:
            following = following._replace(written=moment)
        if following.order <= self.order:
            raise D365Misconfigured("D365 returned the same page again; check [case.fields] modified_at and rec_id")
        return following

    def just_before(self) -> "Place":
        """Return the place behind which this case comes next: no RecId lies between two whole numbers."""
        return self._replace(key=self.key._replace(rec_id=self.key.rec_id - 1))

    @property
    def order(self) -> tuple[datetime, str, int]:
        """The value by which places are compared."""
        finer = _BEYOND_MICROSECONDS.search(self.written)
        return self.key.modified_at, finer[1].rstrip("0") if finer else "", self.key.rec_id

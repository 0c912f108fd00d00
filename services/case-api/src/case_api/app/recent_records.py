"""The records that were read last, so that a stream that was cut can resume."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from case_api.domain.event_ids import Offsets, Partition
from case_api.domain.overlay import LiveCase


class LiveRecord(NamedTuple):
    """A record that was read: where, when it was written (Unix seconds), and the case that it names.

    An unreadable one names no case. Records of `case.delivery.v1` name no dealer; all others do.
    """

    partition: Partition
    offset: int
    written_at: float
    web_case_id: str | None = None
    dealer: str | None = None

    def is_outdated(self, found: Mapping[str, LiveCase]) -> bool:
        """Whether the dealer that it names no longer has the case; `found`: the cases of this dealer, if asked for."""
        one = found.get(self.web_case_id or "")
        return self.dealer is not None and (one is None or one.case.dealer != self.dealer)


def marked(batch: Sequence[LiveRecord]) -> list[tuple[LiveRecord, bool]]:
    """Return each record, and whether it is the last one of its case here: a case is sent once."""
    last: Mapping[str | None, int] = {one.web_case_id: place for place, one in enumerate(batch)}
    return [(one, last[one.web_case_id] == place) for place, one in enumerate(batch)]


class _Kept(NamedTuple):
    record: LiveRecord
    read_at: float


@dataclass
class RecentRecords:
    """At most `most` records, none older than `seconds`; `offsets`: where to read each partition next."""

    most: int
    seconds: float
    offsets: dict[Partition, int] = field(default_factory=dict)
    # Every record from here on is kept.
    _starts: dict[Partition, int] = field(default_factory=dict)
    _records: deque[_Kept] = field(default_factory=deque)

    def __len__(self) -> int:
        """How many records are kept."""
        return len(self._records)

    def begin(self, offsets: Offsets) -> None:
        """Start to read from `offsets`; partitions that are already being read continue where they are."""
        for partition, offset in offsets.items():
            self.offsets.setdefault(partition, offset)
            self._starts.setdefault(partition, offset)

    def forget(self) -> None:
        """Drop all records and all offsets."""
        for known in (self.offsets, self._starts, self._records):
            known.clear()

    def add(self, record: LiveRecord, now: float) -> None:
        """Keep a record, the next one of its partition; `now` in monotonic seconds."""
        self.offsets[record.partition] = record.offset + 1
        if record.web_case_id is None:
            return
        self._records.append(_Kept(record, now))
        while len(self._records) > self.most or self._records[0].read_at < now - self.seconds:
            self._let_go()

    def _let_go(self) -> None:
        gone = self._records.popleft().record
        self._starts[gone.partition] = gone.offset + 1

    def recent_deliveries(self, since: float, most: int) -> list[str]:
        """Return the cases of the newest delivery events, up to `most` read after `since` (monotonic seconds)."""
        found: dict[str, None] = {}
        for record, read_at in reversed(self._records):
            if read_at < since or len(found) == most:
                break
            if record.web_case_id is not None and record.dealer is None:
                found[record.web_case_id] = None
        return list(found)

    def are_behind(self, after: Offsets) -> bool:
        """Whether somebody has read further than we have."""
        return any(offset > self.offsets.get(partition, 0) for partition, offset in after.items())

    def since(self, after: Offsets) -> list[LiveRecord] | None:
        """Return the records from `after` on, in the order of reading; None if not all of them are kept."""
        if any(after.get(partition, 0) < start for partition, start in self._starts.items()):
            return None
        unseen = sum(offset - after.get(partition, 0) for partition, offset in self.offsets.items())
        missed: list[LiveRecord] = []
        for record, _ in reversed(self._records):
            if len(missed) >= unseen:
                break
            if record.offset >= after.get(record.partition, 0):
                missed.append(record)
        return missed[::-1]

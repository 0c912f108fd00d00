"""The sandbox's request log: the last requests, and counts since the start."""

import itertools
from collections import Counter, deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

BODY_CHARACTERS = 4096


@dataclass(slots=True)
class Entry:
    """One request; `status` is 0 while it runs, or if the connection was dropped instead of answered."""

    number: int
    started_at: str
    method: str
    path: str
    query: str
    operation: str = ""
    entity_set: str = ""
    body: str = ""
    client_request_id: str = ""
    dyn_aid: str = ""
    status: int = 0
    duration_ms: float = 0.0
    faults: tuple[str, ...] = ()
    outcome: str = "running"


class RequestLog:
    """A bounded list of requests and unbounded counts; contains no headers, so no tokens."""

    def __init__(self, size: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)
        self._numbers = itertools.count(1)
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Resets the counts and the list."""
        self._entries.clear()
        self._by_operation: Counter[str] = Counter()
        self._by_status: Counter[str] = Counter()
        self._max_in_flight = self.in_flight

    def start(self, method: str, path: str, query: str) -> Entry:
        """Notes the start of a request."""
        self.in_flight += 1
        self._max_in_flight = max(self._max_in_flight, self.in_flight)
        entry = Entry(next(self._numbers), datetime.now(UTC).isoformat(), method, path, query)
        self._entries.append(entry)
        return entry

    def describe(self, entry: Entry, operation: str, entity_set: str, body: str) -> None:
        """Notes what the request wants."""
        entry.operation, entry.entity_set, entry.body = operation, entity_set, body[:BODY_CHARACTERS]
        self._by_operation[f"{operation} {entity_set}".strip()] += 1

    def end(self, entry: Entry, *, status: int, seconds: float, outcome: str) -> None:
        """Notes how the request ended."""
        self.in_flight -= 1
        entry.status, entry.duration_ms, entry.outcome = status, round(seconds * 1000, 2), outcome
        self._by_status[str(status) if status else outcome] += 1

    def recent(self, limit: int) -> list[dict[str, Any]]:
        """The last requests, newest first."""
        return [asdict(entry) for entry in itertools.islice(reversed(self._entries), limit)]

    def counters(self) -> dict[str, Any]:
        """Requests by operation and by status, and how many were in flight at once."""
        return {
            "requests": self._by_operation.total(),
            "by_operation": dict(self._by_operation),
            "by_status": dict(self._by_status),
            "in_flight": self.in_flight,
            "max_in_flight": self._max_in_flight,
        }

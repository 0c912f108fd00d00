"""Business events: the flat envelope as captured from D365, and the outbound table that the sender empties."""

import json
import random
import sqlite3
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from d365_sandbox.faults import Call, Fault, FaultKind, FaultRegistry, Operation
from d365_sandbox.store import next_number

BUSINESS_EVENT_ID = "CaseStatusChangedBusinessEvent"
FIRST_CONTROL_NUMBER = 5_637_611_083
WIDEST_GAP = 5
REORDER_SECONDS = 2.0
NO_USER = "{00000000-0000-0000-0000-000000000000}"

# The event that setting up an endpoint sends to it; its control number is the lowest possible.
TEST_EVENT_ID = "BusinessEventsTestEndpointContract"
TEST_CONTROL_NUMBER = -(2**63)

Envelope = dict[str, Any]


def build_envelope(
    case: sqlite3.Row | Mapping[str, str], *, control_number: int, event_id: str, now: float
) -> Envelope:
    """The event for a case's status in D365's envelope: flat, keys in alphabetical order."""
    moment = datetime.fromtimestamp(now, UTC)
    envelope: Envelope = {
        "BusinessEventId": BUSINESS_EVENT_ID,
        "BusinessEventLegalEntity": case["dataAreaId"],
        "CaseId": case["CaseId"],
        "CaseStatus": case["CaseStatus"],
        "ContextRecordSubject": "",
        "ControlNumber": control_number,
        "CustomerAccount": case["CustomerAccount"],
        "EventId": event_id,
        "EventTime": f"/Date({int(now) * 1000})/",
        # D365 writes ticks of 100 ns, so seven digits
        "EventTimeIso8601": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}{control_number % 10}Z",
        "InitiatingUserAADObjectId": NO_USER,
        "MajorVersion": 0,
        "MinorVersion": 0,
        "ParentContextRecordSubjects": [],
        "WebCaseId": case["WebCaseId"],
    }
    return dict(sorted(envelope.items()))


@dataclass(frozen=True, slots=True)
class EventLog:
    """Writes events in the business transaction, for every configured endpoint."""

    endpoints: tuple[str, ...]
    faults: FaultRegistry
    wake: Callable[[], None]
    draw: random.Random

    def emit(self, connection: sqlite3.Connection, case: sqlite3.Row, now: float) -> None:
        """Appends the event for a case's current status; a fault may drop, duplicate or delay it."""
        step = self.draw.randint(1, WIDEST_GAP)
        number = next_number(connection, "control_number", FIRST_CONTROL_NUMBER, step)
        event_id = str(uuid.UUID(int=self.draw.getrandbits(128), version=4)).upper()
        body = json.dumps(build_envelope(case, control_number=number, event_id=event_id, now=now))
        for endpoint in self.endpoints or ("none",):
            self._append(connection, endpoint, number, event_id, body, now)
        self.wake()

    def emit_test(self, connection: sqlite3.Connection, legal_entity: str, now: float) -> None:
        """Appends the event with which D365 tests a new endpoint."""
        event_id = str(uuid.uuid4()).upper()
        case = {"dataAreaId": legal_entity, "CaseId": "", "CaseStatus": "", "CustomerAccount": "", "WebCaseId": ""}
        envelope = build_envelope(case, control_number=TEST_CONTROL_NUMBER, event_id=event_id, now=now)
        for name in case:
            envelope.pop(name, None)
        body = json.dumps(envelope | {"BusinessEventId": TEST_EVENT_ID})
        for endpoint in self.endpoints:
            self._append(connection, endpoint, TEST_CONTROL_NUMBER, event_id, body, now)
        self.wake()

    def _append(
        self, connection: sqlite3.Connection, endpoint: str, number: int, event_id: str, body: str, now: float
    ) -> None:
        fault = self.faults.plan(_as_call(body)).fault
        state = "dropped" if fault and fault.kind is FaultKind.EVENT_DROP else "pending"
        row = (
            endpoint,
            number,
            event_id,
            body,
            "no_endpoint" if endpoint == "none" else state,
            now + self._delay(fault),
        )
        copies = 2 if fault and fault.kind is FaultKind.EVENT_DUPLICATE else 1
        connection.executemany(
            "INSERT INTO outbound_events (endpoint, control_number, event_id, body, state, due_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            [row] * copies,
        )

    def _delay(self, fault: Fault | None) -> float:
        if fault is None:
            return 0.0
        if fault.kind is FaultKind.EVENT_REORDER:
            return self.draw.uniform(0, fault.delay_seconds or REORDER_SECONDS)
        return fault.delay_seconds or 0.0


def _as_call(body: str) -> Call:
    fields = json.loads(body)
    fields["dataAreaId"] = fields["BusinessEventLegalEntity"]
    return Call(Operation.EVENT, BUSINESS_EVENT_ID, body.lower(), fields)

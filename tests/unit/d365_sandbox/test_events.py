import itertools
import random
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from d365_sandbox.entities import build_catalog
from d365_sandbox.events import EventLog, build_envelope
from d365_sandbox.faults import Fault, FaultKind, FaultRegistry
from d365_sandbox.records import insert
from d365_sandbox.store import Store

CATALOG = build_catalog()
NOW = 1672408275.294274


@pytest.fixture(name="connection")
def _connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    Store(tmp_path / "books.sqlite3", CATALOG).close()
    connection = sqlite3.connect(tmp_path / "books.sqlite3")
    connection.row_factory = sqlite3.Row
    yield connection
    connection.close()


@pytest.fixture(name="case")
def _case(connection: sqlite3.Connection) -> sqlite3.Row:
    values = {"dataAreaId": "usmf", "CaseId": "CASE-000001", "WebCaseId": "W1", "CustomerAccount": "US-001"}
    return insert(connection, CATALOG["DealerPortalCases"], values, NOW)


def test_envelope_is_flat_alphabetical_and_as_captured(case: sqlite3.Row) -> None:
    envelope = build_envelope(case, control_number=5637611083, event_id="3C47A4CD", now=NOW)

    assert list(envelope) == sorted(envelope)
    assert envelope["EventTime"] == "/Date(1672408275000)/"
    assert re.fullmatch(r"2022-12-30T13:51:15\.294274\dZ", envelope["EventTimeIso8601"])
    assert envelope["BusinessEventLegalEntity"] == "usmf"
    assert envelope["InitiatingUserAADObjectId"].startswith("{")
    assert (envelope["CaseId"], envelope["WebCaseId"], envelope["CaseStatus"]) == ("CASE-000001", "W1", "None")
    assert envelope["CustomerAccount"] == "US-001"


def test_control_numbers_rise_with_gaps_and_every_endpoint_gets_its_own(
    connection: sqlite3.Connection, case: sqlite3.Row
) -> None:
    log = EventLog(("kafka", "https"), FaultRegistry(), lambda: None, random.Random(1))

    for _ in range(20):
        log.emit(connection, case, NOW)

    rows = connection.execute("SELECT control_number FROM outbound_events WHERE endpoint = 'kafka'").fetchall()
    numbers = [row[0] for row in rows]
    steps = [later - earlier for earlier, later in itertools.pairwise(numbers)]
    assert len(numbers) == 20
    assert min(steps) >= 1
    assert max(steps) > 1
    assert connection.execute("SELECT count(*) FROM outbound_events").fetchone()[0] == 40


@pytest.mark.parametrize(
    ("kind", "states", "least_delay"),
    [
        (FaultKind.EVENT_DROP, ["dropped"], 0),
        (FaultKind.EVENT_DUPLICATE, ["pending", "pending"], 0),
        (FaultKind.EVENT_DELAY, ["pending"], 30),
        (FaultKind.EVENT_REORDER, ["pending"], 0.1),
    ],
)
def test_event_faults(
    connection: sqlite3.Connection, case: sqlite3.Row, kind: FaultKind, states: list[str], least_delay: float
) -> None:
    fault = Fault(kind=kind, web_case_id="W1", delay_seconds=30)
    log = EventLog(("kafka",), FaultRegistry([fault]), lambda: None, random.Random(1))

    log.emit(connection, case, NOW)

    rows = connection.execute("SELECT state, due_at FROM outbound_events").fetchall()
    assert [row["state"] for row in rows] == states
    assert all(row["due_at"] - NOW >= least_delay for row in rows)

"""The final state of everything: D365's cases, the document queue, what dealers see, Kafka's log, the ledger."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import aiohttp
import asyncpg

from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.restoring import read_log
from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED
from casebridge.kafka_rights import D365_EVENTS
from tests.chaos.checker import Books
from tests.chaos.history import TOKEN, History
from tests.chaos.odd import Place
from tests.chaos.world import REPLICAS, World

_UNREADABLE = (
    "SELECT encode(key, 'escape') AS key, topic, partition, record_offset, consumer_group, cause"
    " FROM d365_sync.unreadable_records"
)
_GROUPS = {CASE_SUBMITTED: 1, CASE_DELIVERY: 2, CASE_STATUS_CHANGED: 1, D365_EVENTS: 1}
_EXPLAINING = (
    "case_api.cases",
    "case_api.submissions",
    "d365_sync.documents",
    "d365_sync.attempts",
    "d365_sync.audit",
    "d365_sync.d365_restore_documents",
    "status_sync.status_changes",
)
_DOCUMENTS = "SELECT web_case_id, submission_no, state, cause, reason, case_id FROM d365_sync.documents"


async def gather(world: World, history: History, *, against_d365: bool = False) -> Books:
    """Read all of it, past every link; if `against_d365`, compare the ledger with D365.

    Raises OSError, asyncpg.PostgresError or aiohttp.ClientError if a part does not answer.
    """
    own = {ticket.web_case_id for ticket in history.tickets.values()}
    async with world.session.get(f"{world.sandbox_url}/_sandbox/cases") as answer:
        cases_there = (await answer.json())["items"]
    d365 = [case for case in cases_there if case["WebCaseId"] in own or _is_of(history, case)]
    connection = await asyncpg.connect(world.superuser_url, timeout=5)
    try:
        documents = [dict(row) for row in await connection.fetch(_DOCUMENTS)]
        kept = await connection.fetch(_UNREADABLE)
    finally:
        await connection.close()
    unreadable = _odd(world, kept)
    forged = [case["CaseId"] for case in cases_there if history.forged & set(TOKEN.findall(case["Description"]))]
    cases: dict[str, Any] = {}
    born: dict[tuple[str, str], Any] = {}
    numbers = {(case["dataAreaId"], case["CaseId"]) for case in d365} | history.old_numbers
    for dealer in {ticket.dealer for ticket in history.tickets.values()}:
        shown = await _shown(world, history, dealer)
        cases |= shown
        area = dealer.partition("-")[0]
        rows = [row for row in shown.values() if row["origin"] == "d365" and (area, row["case_id"]) in numbers]
        born |= {(dealer, row["case_id"]): row for row in rows}
    events = await _deliveries(world) if against_d365 else []
    statuses = await _statuses(world) if against_d365 else []
    ledger = await _ledger(world, against_d365=against_d365)
    unready = await _unready(world)
    return Books(d365, documents, cases, events, statuses, unreadable, ledger, born, world.gone, forged, unready)


async def rows_of(world: World, web_case_ids: Sequence[str]) -> list[str]:
    """Everything that the databases have about these cases, one JSON object per row, to explain a broken promise."""
    connection = await asyncpg.connect(world.superuser_url, timeout=5)
    try:
        return [
            json.dumps({"table": table, **json.loads(row["row"])})
            for table in _EXPLAINING
            for row in await connection.fetch(
                f"SELECT to_json(t) AS row FROM {table} AS t WHERE web_case_id = ANY ($1)",
                list(web_case_ids),
            )
        ]
    finally:
        await connection.close()


def _odd(world: World, kept: Sequence[asyncpg.Record]) -> list[tuple[str, str]]:
    """Our own records that were set aside, and unreadable ones that were not, as (key, why)."""
    groups: Counter[Place] = Counter()
    wrong = []
    for row in kept:
        place = Place(row["topic"], row["partition"], row["record_offset"])
        groups[place] += 1
        if place not in world.odd:
            wrong.append((row["key"], f"{place} by {row['consumer_group']}: {row['cause']}"))
    missing = [place for place, set_aside in world.odd.items() if set_aside and groups[place] < _GROUPS[place.topic]]
    return wrong + [("", f"{place} was written odd, and is not set aside by all who read it") for place in missing]


async def _unready(world: World) -> list[str]:
    """Replicas that are not ready, such as one whose consumer has ended or lost its partitions."""
    found = []
    for kind, count in REPLICAS.items():
        for number in range(1, count + 1):
            name = f"{kind}-{number}"
            async with world.session.get(f"{world.service_url(name)}/readyz") as answer:
                if answer.status != 200:
                    found.append(f"{name}: {await answer.text()}")
    return found


def _is_of(history: History, case: Mapping[str, Any]) -> bool:
    """Whether the case came from D365 with a number that a case of this run had."""
    return (case["dataAreaId"], case["CaseId"]) in history.old_numbers


async def _shown(world: World, history: History, dealer: str) -> dict[str, Any]:
    """The dealer's newest cases, as its list shows them; more than one run can create."""
    at_least = 2 * len(history.tickets)
    headers = {"Authorization": f"Bearer {world.token('checker', dealer)}"}
    url = f"{world.case_api_urls[0]}/v1/dealers/{dealer}/cases"
    found: dict[str, Any] = {}
    parameters = {"limit": "100"}
    while len(found) < at_least:
        async with world.session.get(url, headers=headers, params=parameters) as answer:
            answer.raise_for_status()
            page = await answer.json()
        history.saw(dealer, json.dumps(page))
        found |= {case["web_case_id"]: case for case in page["items"]}
        if page["next"] is None:
            break
        parameters["cursor"] = page["next"]
    return found


async def _ledger(world: World, *, against_d365: bool) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {world.token('checker')}"}
    url = f"{world.service_url('d365-sync-1')}/v1/ledger"
    async with world.session.get(
        url, headers=headers, params={"older_than_seconds": "0", "d365": str(against_d365)}
    ) as answer:
        answer.raise_for_status()
        ledger: dict[str, Any] = await answer.json()
        return ledger


async def _deliveries(world: World) -> list[tuple[str, int, int]]:
    """(web_case_id, submission_no, revision) of every `case.delivery.v1`."""
    events = await _events(world, CASE_DELIVERY)
    return [(event["web_case_id"], event["submission_no"], event["revision"]) for event in events]


async def _statuses(world: World) -> list[tuple[str, datetime]]:
    """(web_case_id, status_as_of) of every `case.status-changed.v1`."""
    events = await _events(world, CASE_STATUS_CHANGED)
    return [(event["web_case_id"], datetime.fromisoformat(event["status_as_of"])) for event in events]


async def _events(world: World, topic: str) -> list[Any]:
    """Every event of a topic; each case's in Kafka's order."""
    log = read_log(KafkaSettings(kafka_bootstrap_servers=world.kafka), topic)
    return [
        json.loads(record.value or b"")
        async for batch in log
        for record in batch
        if Place(record.topic, record.partition, record.offset) not in world.odd
    ]


AWAY = (aiohttp.ClientError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)

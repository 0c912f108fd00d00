"""How everything stands: D365's books, the document queue, what dealers see, Kafka's log, the ledger."""

import json
from datetime import datetime
from typing import Any

import aiohttp
import asyncpg

from case_shared.kafka import KafkaSettings
from case_shared.restoring import read_log
from case_shared.topics import CASE_DELIVERY, CASE_STATUS_CHANGED
from tests.chaos.checker import Books
from tests.chaos.history import History
from tests.chaos.world import World

_UNREADABLE = (
    "SELECT convert_from(key, 'UTF8') AS key, topic, cause FROM d365_sync.unreadable_records WHERE key = ANY($1)"
)
_DOCUMENTS = "SELECT web_case_id, submission_no, state, cause, reason, case_id FROM d365_sync.documents"


async def gather(world: World, history: History, *, against_d365: bool = False) -> Books:
    """All of it, past every link; the ledger held against D365 where that is asked for.

    Raises OSError, asyncpg.PostgresError or aiohttp.ClientError where a part is away.
    """
    own = {ticket.web_case_id for ticket in history.tickets.values()}
    async with world.session.get(f"{world.sandbox_url}/_sandbox/cases") as answer:
        d365 = [case for case in (await answer.json())["items"] if case["WebCaseId"] in own]
    connection = await asyncpg.connect(world.superuser_url, timeout=5)
    try:
        documents = [dict(row) for row in await connection.fetch(_DOCUMENTS)]
        keys = [name.encode() for name in own if name]
        unreadable = [
            (row["key"], f"{row['topic']}: {row['cause']}") for row in await connection.fetch(_UNREADABLE, keys)
        ]
    finally:
        await connection.close()
    cases: dict[str, Any] = {}
    for dealer in {ticket.dealer for ticket in history.tickets.values()}:
        cases |= await _shown(world, dealer, len(history.tickets))
    events = await _deliveries(world) if against_d365 else []
    statuses = await _statuses(world) if against_d365 else []
    ledger = await _ledger(world, against_d365=against_d365)
    return Books(d365, documents, cases, events, statuses, unreadable, ledger)


async def _shown(world: World, dealer: str, at_least: int) -> dict[str, Any]:
    """The dealer's newest cases, as its list shows them."""
    headers = {"Authorization": f"Bearer {world.token('checker', dealer)}"}
    url = f"{world.case_api_urls[0]}/v1/dealers/{dealer}/cases"
    found: dict[str, Any] = {}
    parameters = {"limit": "100"}
    while len(found) < at_least:
        async with world.session.get(url, headers=headers, params=parameters) as answer:
            answer.raise_for_status()
            page = await answer.json()
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
    return [json.loads(record.value or b"") async for batch in log for record in batch]


AWAY = (aiohttp.ClientError, asyncpg.PostgresError, OSError, TimeoutError)

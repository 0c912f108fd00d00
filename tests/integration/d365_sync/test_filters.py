"""Counts and lists use the same filters: a group's count is its list's, a replay's too; and what a search finds."""

import random
import re
import shlex
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from case_shared.d365.session import open_client
from case_shared.database.postgres import Pool
from case_shared.process.clock import SystemClock
from d365_sync import operators_api
from d365_sync.app.wake_ups import WakeUps
from d365_sync.domain.document import Cause, State
from tests.integration.d365_sync.conftest import Json, settings_for, submitted
from tests.integration.d365_sync.operators import Api, serving
from tests.support.databases import Database
from tests.support.sandbox import Sandbox

DEALERS = {"usmf-us-001": "Contoso Kópavogur", "usmf-us-002": "Fabrikam", "usmf-us-003": None}
REASONS = ("period is closed", "100 % sure_ly not", "", None)
DEALER = "INSERT INTO status_sync.dealers (dealer, data_area_id, customer_account, name) VALUES ($1, 'usmf', $2, $3)"


@pytest_asyncio.fixture
async def api_alone(
    database: Database, d365: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Api, list[Json]]]:
    """The API with random documents."""
    monkeypatch.setattr(operators_api, "_DRY_RUN_WAIT_SECONDS", 0.0)
    settings = settings_for(database, d365)
    async with AsyncExitStack() as stack:
        async with database.connect() as connection:
            await connection.executemany(DEALER, [(slug, slug[-6:].upper(), name) for slug, name in DEALERS.items()])
        pool = await stack.enter_async_context(database.pool("d365_sync"))
        client = await stack.enter_async_context(open_client(settings, settings.mapping, SystemClock(), limit=4))
        api = await stack.enter_async_context(serving(operators_api.build_context(settings, pool, client, WakeUps())))
        yield api, await filled(pool)


async def filled(pool: Pool) -> list[Json]:
    draw, rows = random.Random(13), list[Json]()
    for number in range(150):
        state = draw.choice([State.FAILED, State.FAILED, *State])
        rows.append(
            row(state, number)
            | {"dealer": draw.choice(list(DEALERS)), "cause": draw.choice(list(Cause))}
            | {"reason": draw.choice(REASONS), "detail": draw.choice(REASONS)}
        )
    await insert(pool, rows)
    return rows


def row(state: State, number: int, **changes: Any) -> Json:
    """A document as the table has it."""
    event = submitted(**changes)
    return {
        "web_case_id": event.web_case_id, "submission_no": 1, "submission_id": event.submission_id,
        "dealer": event.dealer, "data_area_id": "usmf", "customer_account": "US-001", "created_by": "ann",
        "submitted_at": event.submitted_at, "read_back_first": False, "state": state, "cause": None, "reason": None,
        "detail": None, "case_id": f"C-{number}" if state is State.DELIVERED else None,
    }  # fmt: skip


async def insert(pool: Pool, rows: list[Json]) -> None:
    places = ", ".join(f"${place}" for place in range(1, len(rows[0]) + 1))
    statement = f"INSERT INTO documents ({', '.join(rows[0])}) VALUES ({places})"
    await pool.executemany(statement, [tuple(one.values()) for one in rows])


async def listed(api: Api, **query: Any) -> list[str]:
    found, cursor = list[str](), None
    while True:
        page = await api.get("/documents", limit=50, **query, **({"cursor": cursor} if cursor else {}))
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found


async def test_a_groups_count_and_a_replays_are_their_lists(api_alone: tuple[Api, list[Json]]) -> None:
    api, rows = api_alone
    groups = (await api.get("/document-groups"))["items"]
    for group in groups:
        assert group["count"] == len(await listed(api, state="failed", cause=group["cause"]))
        assert sum(one["count"] for one in group["reasons"]) <= group["count"]
    assert sum(group["count"] for group in groups) == sum(row["state"] == "failed" for row in rows)
    queries: list[Json] = [
        {}, {"cause": "rejected"}, {"dealer": "usmf-us-002", "q": "period"}, {"q": "contoso"}, {"q": "0 % s"}
    ]  # fmt: skip
    for query in queries:
        order = {"query": {"state": "failed", **query}, "reason": "a test", "dry_run": True}
        replay = (await api.client.post("/v1/replays", json=order)).json()
        assert replay["counts"]["documents"] == len(await listed(api, state="failed", **query)), query


async def test_a_search_finds_what_is_shown(api_alone: tuple[Api, list[Json]]) -> None:
    api, rows = api_alone
    for row in rows[:3]:
        document = f"{row['web_case_id']}-1"
        for text in (document, document.lower(), row["web_case_id"][2:8], f" {row['submission_id']} "):
            assert await listed(api, q=text) == [document], text
    delivered = next(row for row in rows if row["case_id"])
    assert f"{delivered['web_case_id']}-1" in await listed(api, q=delivered["case_id"])
    for slug, name in DEALERS.items():
        of_dealer = {f"{row['web_case_id']}-1" for row in rows if row["dealer"] == slug}
        for text in (slug, slug.upper(), name and name[2:].lower()):
            assert text is None or set(await listed(api, q=text)) == of_dealer
    sure = {f"{row['web_case_id']}-1" for row in rows if "100 % sure_ly not" in (row["reason"], row["detail"])}
    assert set(await listed(api, q="0 % sure_ly")) == sure
    assert await listed(api, q="0 x sure") == []


async def test_the_runbook_shows_what_waits_however_much_was_delivered_since(
    api_alone: tuple[Api, list[Json]], database: Database
) -> None:
    text = (Path(__file__).parents[3] / "docs/runbooks/d365-outage.md").read_text()
    [options] = re.findall(r"`casebridge queue list ([^`]*--older-than[^`]*)`", text)
    words = shlex.split(options)
    given = dict(zip(words[::2], words[1::2], strict=True))
    query: Json = {"state": given.pop("--state"), "older_than_seconds": given.pop("--older-than")}
    assert not given
    now = datetime.now(UTC)
    waits = row(State.VERIFYING, 0, submitted_at=now - timedelta(minutes=40))
    delivered = [row(State.DELIVERED, number, submitted_at=now - timedelta(minutes=30)) for number in range(1000, 1060)]
    async with database.pool("d365_sync") as pool:
        await insert(pool, [waits, *delivered])
    # As many as the command line asks for.
    page = await api_alone[0].get("/documents", limit=50, **query)
    assert [one["id"] for one in page["items"]] == [f"{waits['web_case_id']}-1"]

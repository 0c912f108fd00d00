"""Page, list and refusal agree about each action, whatever the state, running attempt, payload and scope."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
import pytest_asyncio

from case_shared.d365.session import open_client
from case_shared.database.postgres import Pool
from case_shared.process.clock import SystemClock
from d365_sync.app import verify
from d365_sync.app.wake_ups import WakeUps
from d365_sync.domain.document import Action, State
from d365_sync.operators_api import build_context
from d365_sync.postgres.intake import Submitted, take_in
from tests.integration.d365_sync.conftest import Json, settings_for, submitted
from tests.integration.d365_sync.operators import Api, serving
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.sandbox import Sandbox
from tests.support.submissions import store_submissions

CONTENT: Json = {"category": "Warranty", "category_type": "Service", "description": "The pump leaks."}


@pytest_asyncio.fixture
async def api_alone(
    database: Database, d365: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Api, Pool]]:
    """The API without anything that works on the queue."""
    monkeypatch.setattr(verify, "_WAIT_SECONDS", 0)
    settings = settings_for(database, d365)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(database.pool("d365_sync"))
        client = await stack.enter_async_context(open_client(settings, settings.mapping, SystemClock(), limit=4))
        yield await stack.enter_async_context(serving(build_context(settings, pool, client, WakeUps()))), pool


async def stand(
    pool: Pool, document: str, state: State, *, leased: bool, emptied: bool, alarmed: bool, other: str = "C-2"
) -> None:
    """Put the document into this state."""
    await pool.execute(
        "UPDATE documents SET state = $2, lease_token = $3, lease_kind = $4, content = $5, cause = NULL,"
        " alarms = $6, other_case_ids = $7, acknowledged_case_ids = '{}', verify_at = NULL,"
        " lease_expires_at = CASE WHEN $3::uuid IS NOT NULL THEN now() + interval '1 minute' END,"
        " case_id = CASE WHEN $2 = 'delivered' THEN 'C-1' END WHERE web_case_id = $1",
        document.split("-", maxsplit=1)[0],
        state,
        uuid4() if leased else None,
        "read_back" if leased else None,
        None if emptied else CONTENT,
        ["second_case"] if alarmed else [],
        [other] if alarmed else [],
    )


async def taken_in(pool: Pool, database: Database) -> str:
    """A document of a submission; returns its ID."""
    event = submitted()
    await store_submissions(database, event)
    async with pool.acquire() as connection:
        await take_in(connection, [Submitted(event, None)])
    return f"{event.web_case_id}-1"


async def test_an_action_is_done_or_refused_as_page_and_list_said(
    api_alone: tuple[Api, Pool], database: Database, d365: Sandbox
) -> None:
    api, pool = api_alone
    document = await taken_in(pool, database)
    body = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "CategoryType": "Service", "CaseCategory": "Breakdown"}
    case_id = (await d365.control("POST", "/cases", body))["CaseId"]
    bodies: dict[Action, Json] = {action: {"reason": "a test"} for action in Action}
    bodies[Action.LINK]["case_id"] = case_id
    differing = []
    for state, leased, emptied in itertools.product(State, (False, True), (False, True)):
        for action in Action:
            await stand(pool, document, state, leased=leased, emptied=emptied, alarmed=emptied, other=case_id)
            page, etag = await api.get(f"/documents/{document}"), {}
            (row,) = (await api.get("/documents", q=document.removesuffix("-1")))["items"]
            (said,) = [one for one in page["actions"] if one["action"] == action]
            etag = {"If-Match": f'"{page["revision"]}"'}
            answer = await api.client.post(f"/v1/documents/{document}/{action}", json=bodies[action], headers=etag)
            refusal = answer.json()
            allowed = [one["action"] for one in page["actions"] if one["allowed"]]
            assert page["allowed_actions"] == row["allowed_actions"] == allowed
            if said["needs_payload"] and said["allowed"]:
                as_said = answer.status_code == 422 and refusal["errors"][0]["pointer"] == "/payload"
                given = {**bodies[action], "payload": CONTENT}
                retried = await api.client.post(f"/v1/documents/{document}/{action}", json=given, headers=etag)
                as_said = as_said and retried.status_code == 200
            elif said["allowed"]:
                as_said = answer.status_code == 200
            else:
                as_said = (answer.status_code, refusal["allowed_actions"]) == (409, allowed) and said["why"] in refusal[
                    "detail"
                ]
                # What the reason advises is possible.
                as_said = as_said and ("Verify first" not in said["why"] or "verify" in allowed or emptied)
            if not as_said:
                differing.append((state, leased, emptied, action, said, answer.status_code, refusal))
    assert differing == []


async def test_who_may_not_write_is_offered_nothing(api_alone: tuple[Api, Pool], database: Database) -> None:
    api, pool = api_alone
    document, reader = await taken_in(pool, database), {"Authorization": "Bearer rita|documents:read"}
    for state in State:
        await stand(pool, document, state, leased=False, emptied=False, alarmed=True)
        page = (await api.client.get(f"/v1/documents/{document}", headers=reader)).json()
        (row,) = (await api.client.get("/v1/documents", headers=reader)).json()["items"]
        assert page["allowed_actions"] == row["allowed_actions"] == []
        assert {one["obstacle"] for one in page["actions"]} == {"scope"}


async def test_an_action_is_decided_by_the_row_that_its_change_meets(
    api_alone: tuple[Api, Pool], database: Database
) -> None:
    api, pool = api_alone
    document = await taken_in(pool, database)
    await stand(pool, document, State.FAILED, leased=True, emptied=False, alarmed=False)
    page = await api.get(f"/documents/{document}")
    assert Action.DISCARD not in page["allowed_actions"]
    async with database.connect() as observer, database.connect() as connection, connection.transaction():
        # The look-up ends while the operator's order waits for the row.
        await connection.execute(
            "UPDATE d365_sync.documents SET lease_token = NULL, lease_kind = NULL, lease_expires_at = NULL"
        )
        waiting = asyncio.create_task(
            api.client.post(
                f"/v1/documents/{document}/discard",
                json={"reason": "a test"},
                headers={"If-Match": f'"{page["revision"]}"'},
            )
        )
        locked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        await eventually(lambda: observer.fetchval(locked))
        assert not waiting.done()

    assert (await waiting).json()["state"] == "discarded"

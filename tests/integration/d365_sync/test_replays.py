"""Replays of many dead letters: ordered once, carried out in steps, predicted by a dry run."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from case_shared.d365.client import D365Client
from case_shared.process.clock import SystemClock
from case_shared.words.scopes import Scope
from d365_sync import operators_api, wiring
from d365_sync.app.ports import Leader
from d365_sync.app.replay_runner import RunReplays
from tests.integration.d365_sync.conftest import Queue, known_case, settings_for, submitted
from tests.integration.d365_sync.operators import Api, Json
from tests.support import dead_letters
from tests.support.clocks import HandClock
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.sandbox import Sandbox

ALL: Json = {"query": {"state": "failed"}, "reason": "corrected"}


@pytest.fixture(autouse=True)
def _short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators_api, "_DRY_RUN_WAIT_SECONDS", 1.0)


@pytest_asyncio.fixture
async def runner(queue: Queue, d365: Sandbox) -> RunReplays:
    """The leader's runner; the tests call its steps."""
    client = queue.dispatcher.look_up.d365
    assert isinstance(client, D365Client)
    settings = settings_for(queue.database, d365)
    return wiring.build_replays(settings, queue.pool, client, queue.dispatcher, SystemClock())


@pytest_asyncio.fixture
async def running(queue: Queue, runner: RunReplays) -> AsyncIterator[RunReplays]:
    """The runner in a loop, as the leader runs it."""
    await known_case(queue)

    async def step() -> None:
        while True:
            if not await runner(queue.dispatcher._leader):
                await asyncio.sleep(0.02)

    task = asyncio.create_task(step())
    yield runner
    task.cancel()


async def letters(queue: Queue, count: int) -> list[str]:
    async with queue.database.connect() as connection:
        return await dead_letters.insert(connection, count)


async def ordered(api: Api, body: Json = ALL, status: int = 202, key: str | None = None) -> Json:
    headers = {"Idempotency-Key": key} if key else {}
    answer = await api.client.post("/v1/replays", json=body, headers=headers)
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


async def steer(api: Api, replay: Json, action: str, status: int = 200) -> Json:
    answer = await api.client.post(f"/v1/replays/{replay['replay_id']}/{action}")
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


async def states(queue: Queue) -> Counter[str]:
    rows = await queue.pool.fetch("SELECT state, count(*) AS n FROM documents GROUP BY state")
    return Counter({row["state"]: row["n"] for row in rows})


async def stopped(queue: Queue) -> Leader:
    """A leader with paused delivery, so that what a step puts into the queue stays there."""
    await known_case(queue)
    await queue.pool.execute("UPDATE delivery_control SET paused = true")
    return queue.dispatcher._leader


async def test_each_dead_letter_is_replayed_once_and_says_by_which_replay(
    api: Api, queue: Queue, d365: Sandbox, running: RunReplays
) -> None:
    drawn = await letters(queue, 120)

    replay = await ordered(api)

    path = f"/replays/{replay['replay_id']}"
    done = await eventually(lambda: api.get(path), lambda found: found["states"] == {"delivered": 120})
    assert (done["state"], done["counts"]["replayed"], done["counts"]["remaining"]) == ("completed", 120, 0)
    assert Counter(case["WebCaseId"] for case in await d365.cases() if case["WebCaseId"] in drawn) == Counter(drawn)
    document = await api.get(f"/documents/{drawn[0]}-1")
    assert document["replay_id"] == replay["replay_id"]
    statement = "SELECT action, actor, reason, web_case_id FROM audit WHERE replay_id = $1"
    entries = await queue.pool.fetch(statement, replay["replay_id"])
    assert Counter(entry["action"] for entry in entries) == {"replay_all": 1, "replay": 120}
    assert {(entry["actor"], entry["reason"]) for entry in entries} == {("olga", "corrected")}
    assert {entry["web_case_id"] for entry in entries} == {None, *drawn}
    assert len((await api.get("/audit", replay=replay["replay_id"], limit=100))["items"]) == 100


async def test_its_documents_are_paged_and_filtered(api: Api, queue: Queue) -> None:
    drawn = await letters(queue, 30)
    replay = await ordered(api)

    path = f"/replays/{replay['replay_id']}"
    second = await api.get(path, cursor=replay["next"])

    assert [item["web_case_id"] for item in (*replay["items"], *second["items"])] == drawn
    assert (second["has_more"], second["next"]) == (False, None)
    assert (await api.get(path, outcome="replayed"))["items"] == []
    (listed,) = (await api.get("/replays"))["items"]
    assert (listed["replay_id"], listed["counts"]["documents"]) == (replay["replay_id"], 30)


async def test_filters_are_those_of_the_list(api: Api, queue: Queue) -> None:
    await letters(queue, 9)
    wanted: list[tuple[Json, int]] = [
        ({}, 9),
        ({"cause": "rejected", "dealer": "usmf-us-001"}, 3),
        ({"cause": "found_twice"}, 0),
        ({"older_than_seconds": 1800}, 9),
        ({"older_than_seconds": 7200}, 0),
        ({"q": "closed FOR"}, 9),
        ({"q": "%"}, 0),
    ]
    for query, matching in wanted:
        replay = await ordered(api, {"query": {"state": "failed", **query}, "reason": "x"})

        assert replay["counts"]["documents"] == matching
        assert replay["state"] == ("running" if matching else "completed")
        assert len((await api.get("/documents", state="failed", **query))["items"]) == matching


async def test_two_clicks_are_one_replay_and_a_key_is_one_forever(api: Api, queue: Queue, runner: RunReplays) -> None:
    await letters(queue, 5)
    leader = await stopped(queue)

    clicks = await asyncio.gather(*(ordered(api, key=f"key-{n % 2}") for n in range(6)))

    assert len({click["replay_id"] for click in clicks}) == 1
    assert await queue.pool.fetchval("SELECT count(*) FROM replays") == 1
    await runner(leader)
    keys = [row["idempotency_key"] for row in await queue.pool.fetch("SELECT idempotency_key FROM replays")]
    again = await ordered(api, key=keys[0])
    assert (again["replay_id"], again["state"]) == (clicks[0]["replay_id"], "completed")
    problem = await ordered(api, {**ALL, "reason": "another"}, status=422, key=keys[0])
    assert problem["type"].endswith("idempotency-key-reused")


async def test_steps_at_once_replay_each_document_once(api: Api, queue: Queue, runner: RunReplays) -> None:
    leader = await stopped(queue)
    drawn = await letters(queue, 250)
    replay = await ordered(api)

    for _ in range(3):
        await asyncio.gather(*(runner(leader) for _ in range(4)))

    found = await api.get(f"/replays/{replay['replay_id']}")
    assert (found["state"], found["counts"]["replayed"]) == ("completed", 250)
    audited = await queue.pool.fetch("SELECT web_case_id FROM audit WHERE action = 'replay'")
    assert Counter(row["web_case_id"] for row in audited) == Counter(drawn)
    assert {row["revision"] for row in await queue.pool.fetch("SELECT revision FROM documents WHERE rank = 1")} == {5}


async def test_a_replay_leaves_few_in_the_queue_so_that_pause_and_cancel_stop_it(
    api: Api, queue: Queue, runner: RunReplays
) -> None:
    leader = await stopped(queue)
    await letters(queue, 700)
    replay = await ordered(api)

    while await runner(leader):
        pass
    assert await states(queue) == {"delivered": 1, "pending": 500, "failed": 200}

    paused = [await steer(api, replay, "pause") for _ in range(2)]
    assert {one["state"] for one in paused} == {"paused"}
    await queue.pool.execute("UPDATE documents SET state = 'discarded' WHERE state = 'pending'")
    await runner(leader)
    assert (await states(queue))["pending"] == 0
    assert (await steer(api, replay, "resume"))["state"] == "running"
    await runner(leader)
    assert (await states(queue))["pending"] == 100

    canceled = [await steer(api, replay, "cancel") for _ in range(2)]
    assert {one["state"] for one in canceled} == {"canceled"}
    assert (canceled[0]["counts"]["replayed"], canceled[0]["counts"]["remaining"]) == (600, 100)
    await runner(leader)
    assert await states(queue) == {"delivered": 1, "discarded": 500, "pending": 100, "failed": 100}
    problem = await steer(api, replay, "resume", status=409)
    assert problem["allowed_actions"] == []
    actions = await queue.pool.fetch(
        "SELECT action FROM audit WHERE replay_id IS NOT NULL AND web_case_id IS NULL ORDER BY id"
    )
    assert [row["action"] for row in actions] == ["replay_all", "pause_replay", "resume_replay", "cancel_replay"]


async def test_a_replay_whose_documents_wait_says_so_and_delays_no_other(
    api: Api, queue: Queue, runner: RunReplays
) -> None:
    leader = await stopped(queue)
    await letters(queue, 600)
    full = await ordered(api)
    while await runner(leader):
        pass
    other = await ordered(api, {"query": {"state": "failed", "older_than_seconds": 0}, "reason": "again"})
    await runner(leader)
    assert (await api.get(f"/replays/{other['replay_id']}"))["counts"]["replayed"] == 100

    runner.clock = clock = HandClock()
    path = f"/replays/{full['replay_id']}"
    runner._idle_since.clear()
    await runner(leader)
    assert (await api.get(path))["held_up_by"] is None
    clock.seconds += 6
    await runner(leader)
    assert "500 of its documents wait" in (await api.get(path))["held_up_by"]

    await queue.pool.execute("UPDATE documents SET state = 'delivered', case_id = web_case_id WHERE state = 'pending'")
    await runner(leader)
    done = await api.get(path)
    assert (done["held_up_by"], done["state"]) == (None, "completed")


async def test_who_does_not_lead_replays_nothing(api: Api, queue: Queue, runner: RunReplays) -> None:
    leader = await stopped(queue)
    await letters(queue, 3)
    await ordered(api)

    await runner(Leader(leader.name, leader.token - 1))

    assert (await states(queue))["failed"] == 3


async def test_what_has_changed_since_the_order_is_left_out_and_says_why(
    api: Api, queue: Queue, runner: RunReplays
) -> None:
    leader = await stopped(queue)
    drawn = await letters(queue, 5)
    replay = await ordered(api)
    await api.act(f"{drawn[0]}-1", "discard", {"reason": "a test"})
    await api.act(f"{drawn[1]}-1", "discard", {"reason": "a test"})
    await api.act(f"{drawn[1]}-1", "restore", {"reason": "no test"})
    await queue.pool.execute("UPDATE documents SET content = NULL WHERE web_case_id = $1", drawn[2])
    # A look-up is running: its turn comes later.
    await queue.pool.execute(
        "UPDATE documents SET lease_token = gen_random_uuid(), lease_kind = 'read_back',"
        " lease_expires_at = now() + interval '1 hour' WHERE web_case_id = $1",
        drawn[3],
    )
    # A step passes over a row that the publisher is just noting as sent.
    await queue.until_published()

    await runner(leader)

    found = await api.get(f"/replays/{replay['replay_id']}")
    assert [(item["outcome"], item["detail"]) for item in found["items"]] == [
        ("left_out", "The document is now discarded"),
        ("left_out", "The document has failed again since the replay was ordered"),
        ("left_out", "The payload was emptied. Replay this document alone, with a payload"),
        (None, None),
        ("replayed", None),
    ]
    assert (found["state"], found["counts"]["remaining"]) == ("running", 1)
    await queue.pool.execute(
        "UPDATE documents SET lease_token = NULL, lease_kind = NULL, lease_expires_at = NULL WHERE web_case_id = $1",
        drawn[3],
    )
    await runner(leader)
    assert (await api.get(f"/replays/{replay['replay_id']}"))["state"] == "completed"


async def test_new_cases_pass_a_replay(api: Api, queue: Queue, runner: RunReplays) -> None:
    leader = await stopped(queue)
    await letters(queue, 300)
    await ordered(api)
    while await runner(leader):
        pass
    event = submitted()
    await queue.take_in(event)

    await queue.pool.execute("UPDATE delivery_control SET paused = false")
    await queue.until(event, "delivered")

    earlier = await queue.pool.fetchval(
        "SELECT count(*) FROM documents WHERE rank = 1 AND delivered_at < $1",
        (await queue.document(event))["delivered_at"],
    )
    assert earlier < 200


async def test_a_dry_run_foresees_and_changes_nothing(
    api: Api, queue: Queue, d365: Sandbox, running: RunReplays
) -> None:
    drawn = await letters(queue, 6)
    documents = {row["web_case_id"]: dict(row) for row in await queue.pool.fetch("SELECT * FROM documents")}
    landed: Json = {"dataAreaId": "usmf", "CaseCategory": "Warranty", "CategoryType": "Service"}
    for web_case_id, submission_id in ((drawn[0], None), (drawn[1], "5f0c0c0e-0000-4000-8000-000000000001")):
        letter = documents[web_case_id]
        own = {
            "WebCaseId": web_case_id,
            "CustomerAccount": letter["customer_account"],
            "SubmissionId": submission_id or str(letter["submission_id"]),
        }
        await d365.control("POST", "/cases", {**landed, **own})
    async with queue.database.connect() as connection:
        await connection.execute(
            """
            INSERT INTO status_sync.categories VALUES ('usmf', 'Service', 'Warranty'), ('usmf', 'Service', 'Repair');
            INSERT INTO status_sync.priorities VALUES ('usmf', 'High');
            """
        )
    odd: tuple[Json | None, ...] = ({"category": "Gone"}, {"category": "Warranty", "priority": "Gone"}, None)
    for web_case_id, content in zip(drawn[2:5], odd, strict=True):
        await queue.pool.execute("UPDATE documents SET content = $2 WHERE web_case_id = $1", web_case_id, content)
    await queue.until_published()
    before = await queue.pool.fetch("SELECT * FROM documents ORDER BY web_case_id")

    found = await until(api, await ordered(api, {**ALL, "dry_run": True}), "completed")

    assert found["dry_run"] is True
    assert {name: found["counts"][name] for name in ("would_create", "already_there", "still_invalid")} == {
        "would_create": 1,
        "already_there": 1,
        "still_invalid": 4,
    }
    outcomes = {item["web_case_id"]: (item["outcome"], item["detail"]) for item in found["items"]}
    assert outcomes[drawn[0]][0] == "already_there"
    assert "different content" in outcomes[drawn[1]][1]
    assert "/payload/category" in outcomes[drawn[2]][1]
    assert "/payload/priority" in outcomes[drawn[3]][1]
    assert "emptied" in outcomes[drawn[4]][1]
    assert outcomes[drawn[5]] == ("would_create", None)
    assert await queue.pool.fetch("SELECT * FROM documents ORDER BY web_case_id") == before
    real = await ordered(api)
    assert real["replay_id"] != found["replay_id"]


async def test_a_dry_run_asks_d365_of_many_documents_at_once(
    api: Api, queue: Queue, d365: Sandbox, running: RunReplays
) -> None:
    await letters(queue, 500)
    await d365.control("DELETE", "/counters")

    found = await until(api, await ordered(api, {**ALL, "dry_run": True}), "completed")

    assert found["counts"]["would_create"] == 500
    # Filters with 15 terms each, and a few other reads.
    assert (await d365.control("GET", "/counters"))["requests"] <= 500 / 15 + 8


async def test_a_dry_run_says_what_delays_it_and_goes_on(
    api: Api, queue: Queue, d365: Sandbox, running: RunReplays, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("d365_sync.app.replay_runner._HELD_UP_SECONDS", 0.1)
    await letters(queue, 3)
    await d365.fault(kind="outage", status=503, id="outage")

    async with asyncio.timeout(10 * PATIENCE):  # it does not wait for unknown outcomes
        order = await ordered(api, {**ALL, "dry_run": True})

    path = f"/replays/{order['replay_id']}"
    waiting = await eventually(lambda: api.get(path), lambda found: bool(found["held_up_by"]))
    assert waiting["state"] == "running"
    assert waiting["counts"]["would_create"] == 0
    await d365.control("DELETE", "/faults/outage")
    done = await eventually(lambda: api.get(path), lambda found: found["state"] == "completed")
    assert (done["counts"]["would_create"], done["held_up_by"]) == (3, None)


async def test_a_wrong_order_names_the_field(api: Api, queue: Queue) -> None:
    wrong: list[tuple[Json, str]] = [
        ({"reason": "x"}, "/query"),
        ({"query": {}, "reason": "x"}, "/query/state"),
        ({"query": {"state": "delivered"}, "reason": "x"}, "/query/state"),
        ({"query": {"state": "failed", "colour": "red"}, "reason": "x"}, "/query/colour"),
        ({"query": {"state": "failed", "limit": 5}, "reason": "x"}, "/query/limit"),
        ({"query": {"state": "failed"}}, "/reason"),
        ({"query": {"state": "failed"}, "reason": "x", "hurry": True}, "/hurry"),
    ]
    for body, pointer in wrong:
        problem = await ordered(api, body, status=422)
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
        assert "SubmissionState" not in problem["errors"][0]["detail"]

    assert await queue.pool.fetchval("SELECT count(*) FROM replays") == 0


async def test_scopes_and_unknown_replays(api: Api) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    for method, path, scope in (
        ("POST", "", Scope.DOCUMENTS_READ),
        ("POST", f"/{unknown}/pause", Scope.DOCUMENTS_READ),
        ("GET", "", Scope.DOCUMENTS_WRITE),
        ("GET", f"/{unknown}", Scope.DOCUMENTS_WRITE),
    ):
        headers = {"Authorization": f"Bearer olga|{scope}"}
        answer = await api.client.request(method, f"/v1/replays{path}", headers=headers, json=ALL)
        assert answer.status_code == 403, (method, path)
    for path in (unknown, "nonsense"):
        assert (await api.client.get(f"/v1/replays/{path}")).status_code == 404
        assert (await api.client.post(f"/v1/replays/{path}/cancel")).status_code == 404
    for query in ("colour=red", "limit=101", "cursor=x"):
        assert (await api.client.get(f"/v1/replays?{query}")).status_code == 422
    refused: Any = await ordered(api, status=422, key="with blanks")
    assert refused["errors"]


async def test_exactly_what_a_dry_run_saw_is_replayed(
    api: Api, queue: Queue, running: RunReplays, d365: Sandbox
) -> None:
    seen = await letters(queue, 4)
    foreseen = await until(api, await ordered(api, {**ALL, "dry_run": True}), "completed")
    ids = sorted(item["id"] for item in foreseen["items"])
    await letters(queue, 3)
    changed, gone = ids[:2]
    await api.act(gone, "discard", {"reason": "a test"})
    for action in ("discard", "restore"):
        await api.act(changed, action, {"reason": "a test"})

    bound = {"replay_id": foreseen["replay_id"], "reason": "as foreseen"}
    replay = await until(api, await ordered(api, bound), "completed")

    assert (replay["dry_run_id"], replay["query"]) == (foreseen["replay_id"], foreseen["query"])
    assert (replay["counts"]["documents"], replay["counts"]["replayed"], replay["counts"]["left_out"]) == (4, 2, 2)
    outcomes = {item["id"]: item["outcome"] for item in replay["items"]}
    assert outcomes == {one: "left_out" if one in {changed, gone} else "replayed" for one in ids}
    assert len(seen) == 4
    # Ordered again: no document is as it was.
    again = await until(api, await ordered(api, bound), "completed")
    assert (again["counts"]["replayed"], again["counts"]["left_out"]) == (0, 4)


async def test_only_a_completed_dry_run_can_be_replayed(api: Api, queue: Queue) -> None:
    await letters(queue, 1)
    real = await ordered(api)
    for replay_id in (real["replay_id"], "7b1d9c1e-3a0f-4a55-8a39-5b3c2f1d0e22"):
        problem = await ordered(api, {"replay_id": replay_id, "reason": "x"}, status=422)
        assert problem["errors"][0]["pointer"] == "/replay_id"
    for wrong in ({}, {"query": ALL["query"], "replay_id": real["replay_id"]}):
        assert (await ordered(api, {**wrong, "reason": "x"}, status=422))["errors"]


async def test_what_an_answer_offers_is_what_its_caller_may_do(api: Api, queue: Queue, runner: RunReplays) -> None:
    leader = await stopped(queue)
    await letters(queue, 1)
    reader = {"Authorization": f"Bearer rita|{Scope.DOCUMENTS_READ}"}

    real = await ordered(api)
    assert (real["allowed_actions"], real["replayable"]) == (["pause", "cancel"], False)
    (shown,) = (await api.client.get("/v1/replays", headers=reader)).json()["items"]
    assert (shown["allowed_actions"], shown["replayable"]) == ([], False)

    await runner(leader)
    await letters(queue, 1)
    waiting = await ordered(api, {**ALL, "dry_run": True})
    await runner(leader)
    foreseen = await until(api, waiting, "completed")
    assert (foreseen["allowed_actions"], foreseen["replayable"]) == ([], True)
    shown = (await api.client.get(f"/v1/replays/{foreseen['replay_id']}", headers=reader)).json()
    assert shown["replayable"] is False


async def until(api: Api, replay: Json, state: str) -> Json:
    return await eventually(lambda: api.get(f"/replays/{replay['replay_id']}"), lambda one: one["state"] == state)

"""The pipeline at a glance, counted in the tables of all three services."""

from datetime import datetime
from typing import Any

import pytest

from d365_sync.app import show_flow
from d365_sync.app.show_flow import ShowFlow
from tests.integration.d365_sync.conftest import Queue, known_case, submitted
from tests.integration.d365_sync.operators import Api, Json
from tests.support.sandbox import Sandbox


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show_flow, "_FRESH_SECONDS", -1.0)


def by_name(flow: Json) -> dict[str, Json]:
    return {stage["name"]: stage for stage in flow["stages"]}


async def test_an_idle_pipeline_is_well(api: Api) -> None:
    flow = await api.get("/flow")

    assert (flow["verdict"], flow["concerns"]) == ("well", [])
    assert [stage["name"] for stage in flow["stages"]] == ["unsent", "kafka", "queue", "d365", "status"]
    assert all((stage["count"], stage["oldest_age_seconds"]) == (0, None) for stage in flow["stages"])
    assert len(flow["history"]) == 60
    assert flow["delivery"]["breaker"]["state"] == "closed"


async def test_what_was_delivered_stands_in_its_minute(api: Api, queue: Queue) -> None:
    await known_case(queue)

    history = (await api.get("/flow"))["history"]

    assert [sum(minute[name] for minute in history) for name in ("taken_in", "posts", "delivered")] == [1, 1, 1]
    assert max(minute["post_seconds"] or 0 for minute in history) > 0


async def test_a_dead_letter_wants_attention(api: Api, dead_letter: str) -> None:
    flow = await api.get("/flow")

    assert flow["verdict"] == "attention"
    (concern,) = flow["concerns"]
    assert (concern["kind"], concern["count"], concern["where"]) == ("dead_letters", 1, "queue")
    assert datetime.fromisoformat(concern["since"]) <= datetime.fromisoformat(flow["as_of"])
    assert concern["since"].endswith("Z")
    assert by_name(flow)["queue"]["failures"] == 1
    assert by_name(flow)["d365"]["failures"] == 1
    assert sum(minute["failed"] for minute in flow["history"]) == 1


async def test_a_breaker_that_opened_is_an_alarm(api: Api, queue: Queue) -> None:
    await known_case(queue)
    await queue.pool.execute("UPDATE delivery_control SET breaker = 'open', breaker_reason = 'no answer'")

    flow = await api.get("/flow")

    assert (flow["verdict"], flow["concerns"][0]["kind"]) == ("alarm", "breaker_open")
    assert flow["concerns"][0]["detail"] == "no answer"


async def test_what_waits_is_counted_where_it_waits(api: Api, queue: Queue) -> None:
    await known_case(queue)
    await api.client.post("/v1/delivery/pause", json={"reason": "upgrade"})
    waiting, lost, unsent = submitted(), submitted(), submitted()
    await queue.take_in(waiting)
    async with queue.database.connect() as connection:
        for event, sent in ((waiting, "now()"), (lost, "now() - interval '5 minutes'"), (unsent, "NULL")):
            await connection.execute(
                "INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase) "
                "VALUES ($1, 'usmf-us-001', 'usmf', 'US-001', 'portal', 'submitted') ON CONFLICT DO NOTHING",
                event.web_case_id,
            )
            await connection.execute(
                "INSERT INTO case_api.submissions (web_case_id, submission_no, submission_id, dealer, data_area_id, "
                "customer_account, content, created_by, submitted_by, submitted_at) "
                "VALUES ($1, 1, $2, 'usmf-us-001', 'usmf', 'US-001', '{}', 'ann', 'ann', now()) ON CONFLICT DO NOTHING",
                event.web_case_id,
                event.submission_id,
            )
            await connection.execute(
                "INSERT INTO case_api.submission_states (web_case_id, submission_no, sent_at, resend_at) "
                f"VALUES ($1, 1, {sent}, now())",
                event.web_case_id,
            )
        await connection.execute(
            "INSERT INTO case_api.outbox (web_case_id, submission_no, topic, value, headers, created_at, refusals) "
            "VALUES ($1, 1, 't', '', '[]', now() - interval '2 minutes', 1)",
            unsent.web_case_id,
        )
        await connection.execute(
            "INSERT INTO status_sync.due_reads (data_area_id, key_kind, key, due_at) "
            "VALUES ('usmf', 'case_id', 'C1', now() - interval '10 minutes')"
        )

    flow = await api.get("/flow")

    found = by_name(flow)
    assert [found[name]["count"] for name in ("unsent", "kafka", "queue")] == [1, 1, 1]
    assert 290 < found["kafka"]["oldest_age_seconds"] < 400
    assert found["status"]["oldest_age_seconds"] > 500
    said = {(concern["where"], concern["kind"]): concern["verdict"] for concern in flow["concerns"]}
    assert said == {
        ("unsent", "old"): "alarm",
        ("unsent", "refused_by_kafka"): "alarm",
        ("kafka", "old"): "alarm",
        ("d365", "paused"): "attention",
        ("status", "old"): "attention",
    }
    assert sum(minute["submitted"] for minute in flow["history"]) == 4


async def test_many_who_look_at_once_are_counted_for_once(
    api: Api, queue: Queue, d365: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(show_flow, "_FRESH_SECONDS", 60.0)
    counted: list[Any] = []
    count = ShowFlow._count

    async def counting(self: ShowFlow) -> Any:
        counted.append(1)
        return await count(self)

    monkeypatch.setattr(ShowFlow, "_count", counting)
    first = await api.get("/flow")
    second = await api.get("/flow")

    assert first["as_of"] == second["as_of"]
    assert len(counted) == 1


async def test_cases_that_left_are_concerns(api: Api, queue: Queue) -> None:
    """Moved and deleted cases need attention; a Case ID that another case has is an alarm."""
    async with queue.database.connect() as connection:
        await connection.execute(
            "INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, case_id,"
            " moved_at, deleted_in_d365_at, case_id_reused_at) VALUES"
            " ('W1', 'd', 'usmf', 'a', 'portal', 'submitted', 'C-1', now() - interval '1 hour', NULL, NULL),"
            " ('W2', 'd', 'usmf', 'a', 'portal', 'submitted', 'C-2', now() - interval '99 days', NULL, NULL),"
            " ('W3', 'd', 'demf', 'a', 'portal', 'submitted', 'C-3', NULL, now(), NULL),"
            " ('W4', 'd', 'usmf', 'a', 'portal', 'submitted', 'C-1', NULL, NULL, now())"
        )
    flow = await api.get("/flow")
    found = {one["kind"]: (one["count"], one["where"], one["verdict"]) for one in flow["concerns"]}
    assert found["moved_cases"] == (1, "usmf", "attention")
    assert found["deleted_cases"] == (1, "demf", "attention")
    assert found["case_id_reused"] == (1, "usmf", "alarm")
    details = {one["kind"]: one["detail"] for one in flow["concerns"]}
    assert (details["moved_cases"], details["deleted_cases"]) == ("W1 (C-1)", "W3 (C-3)")

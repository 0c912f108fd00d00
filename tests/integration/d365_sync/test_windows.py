"""Maintenance windows: delivery stops in them, and resumes by itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.d365_sync.by_hand import by_hand
from tests.integration.d365_sync.conftest import Queue, known_case, submitted
from tests.integration.d365_sync.operators import Api
from tests.support.databases import Database
from tests.support.eventually import eventually

WINDOWS = "/v1/delivery/windows"


def at(**later: float) -> str:
    """A time relative to now."""
    return (datetime.now(UTC) + timedelta(**later)).isoformat()


async def test_delivery_stands_still_and_goes_on_by_itself(api: Api, queue: Queue) -> None:
    await known_case(queue)
    planned = await api.client.post(WINDOWS, json={"ends_at": at(hours=1), "reason": "D365 is upgraded"})
    assert planned.status_code == 201
    (window,) = planned.json()["items"]
    assert (window["state"], window["created_by"], window["reason"]) == ("under_way", "olga", "D365 is upgraded")
    event = submitted()
    await queue.take_in(event)
    await eventually(lambda: queue.events_of(event))  # it waits long enough to be published
    assert (await queue.document(event))["attempts"] == 0
    delivery = await api.get("/delivery")
    assert (delivery["paused"], [one["state"] for one in delivery["windows"]]) == (False, ["under_way"])

    # The hour passes, but for a moment.
    ends_at = await queue.pool.fetchval(
        "UPDATE delivery_windows SET ends_at = clock_timestamp() + interval '0.5 seconds' RETURNING ends_at"
    )
    delivered = await queue.until(event, "delivered")

    assert delivered["delivered_at"] >= ends_at
    assert (await api.get("/delivery"))["windows"] == []
    (past,) = (await api.get("/delivery/windows", past=True))["items"]
    assert (past["state"], past["ended_by"]) == ("over", None)
    (entry,) = (await api.get("/audit"))["items"]
    assert (entry["actor"], entry["action"], entry["fields"]) == ("olga", "add_window", [window["window_id"]])


async def test_a_window_can_be_ended_early_and_called_off(api: Api, queue: Queue) -> None:
    await known_case(queue)
    now = (await api.client.post(WINDOWS, json={"ends_at": at(hours=1), "reason": "upgrade"})).json()["items"][0]
    later = {"begins_at": at(hours=2), "ends_at": at(hours=3), "reason": "and again"}
    to_come = (await api.client.post(WINDOWS, json=later)).json()["items"][1]
    assert to_come["state"] == "to_come"
    event = submitted()
    await queue.take_in(event)

    for one in (now, to_come):
        ended = await api.client.delete(f"{WINDOWS}/{one['window_id']}", params={"reason": "done"})
        assert ended.status_code == 200, ended.text

    await queue.until(event, "delivered")
    past = {one["window_id"]: one for one in (await api.get("/delivery/windows", past=True))["items"]}
    assert [past[one["window_id"]]["state"] for one in (now, to_come)] == ["over", "called_off"]
    assert past[now["window_id"]]["ended_reason"] == "done"
    again = await api.client.delete(f"{WINDOWS}/{now['window_id']}", params={"reason": "done"})
    assert again.status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        # The tests run long after these lines.
        ({"ends_at": at(days=1)}, "/reason"),
        ({"ends_at": at(days=1), "reason": "nul\x00"}, "/reason"),
        ({"ends_at": "2030-01-01T00:00:00", "reason": "x"}, "/ends_at"),
        ({"ends_at": at(hours=-1), "reason": "x"}, "/ends_at"),
        ({"begins_at": at(days=2), "ends_at": at(days=1), "reason": "x"}, "/ends_at"),
        ({"ends_at": at(days=16), "reason": "x"}, "/ends_at"),
        ({"begins_at": at(days=400), "ends_at": at(days=401), "reason": "x"}, "/begins_at"),
        ({"ends_at": at(days=1), "reason": "x", "force": 1}, "/force"),
    ],
)
async def test_a_wrong_window_names_the_field(api: Api, body: dict[str, Any], pointer: str) -> None:
    answer = await api.client.post(WINDOWS, json=body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_who_may_only_read_plans_nothing(api: Api) -> None:
    reader = {"Authorization": "Bearer rita|documents:read"}
    answer = await api.client.post(WINDOWS, json={"ends_at": at(hours=1), "reason": "x"}, headers=reader)
    assert answer.status_code == 403
    assert (await api.client.get(WINDOWS, headers=reader)).json()["items"] == []


async def test_nothing_is_looked_up_in_a_window_either(database: Database) -> None:
    async with by_hand(database) as queue:
        event = submitted()
        await queue.take_in(event)
        await queue.set(event, "state = 'verifying', verify_at = now()")
        await queue.pool.execute(
            "INSERT INTO delivery_windows (begins_at, ends_at, reason, created_by) "
            "VALUES (now(), now() + interval '1 hour', 'upgrade', 'olga')"
        )
        assert await queue.claim_to_look_up() == []
        await queue.pool.execute("UPDATE delivery_windows SET ends_at = now()")
        assert len(await queue.claim_to_look_up()) == 1

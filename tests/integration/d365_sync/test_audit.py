"""The audit with its filters, as CSV; and unreadable records that somebody has looked at."""

import csv
import io

import pytest

from tests.integration.d365_sync.conftest import Queue
from tests.integration.d365_sync.operators import Api
from tests.support import dead_letters


async def test_who_when_what_how_many_and_the_outcome(api: Api, queue: Queue) -> None:
    async with queue.database.connect() as connection:
        ids = await dead_letters.insert(connection, 3)
    other = {"Authorization": "Bearer otto|documents:read documents:write audit:read"}
    await api.act(f"{ids[0]}-1", "discard", {"reason": "a test"})
    await api.client.post("/v1/delivery/pause", json={"reason": "=cmd|calc"}, headers=other)
    order = {"query": {"state": "failed"}, "reason": "all of them"}
    await api.client.post("/v1/replays", json=order)

    replay, pause, discard = (await api.get("/audit"))["items"]

    assert (replay["action"], replay["documents"], replay["outcome"]) == ("replay_all", 2, "running")
    assert (pause["documents"], pause["outcome"]) == (None, None)
    assert (discard["documents"], discard["outcome"]) == (1, "discarded")
    for query, expected in (
        ({"actor": "otto"}, [pause]),
        ({"action": "discard"}, [discard]),
        ({"since": pause["at"]}, [replay, pause]),
        ({"until": pause["at"]}, [discard]),
        ({"actor": "otto", "action": "discard"}, []),
    ):
        assert (await api.get("/audit", **query))["items"] == expected
    answer = await api.client.get("/v1/audit.csv", params={"since": pause["at"]})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "casebridge-audit.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["actor"], row["action"], row["documents"]) for row in rows] == [
        ("olga", "replay_all", "2"),
        ("otto", "pause", ""),
    ]
    assert rows[1]["reason"] == "'=cmd|calc"


async def test_the_csv_is_whole(api: Api, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("d365_sync.web.audit._CSV_PAGE", 10)
    await queue.pool.execute(
        "INSERT INTO audit (actor, action, reason) SELECT 'a', 'pause', 'r' || n FROM generate_series(1, 35) n"
    )

    rows = list(csv.DictReader(io.StringIO((await api.client.get("/v1/audit.csv")).text)))

    assert [row["reason"] for row in rows] == [f"r{n}" for n in range(35, 0, -1)]


async def test_the_audit_as_csv_needs_its_scope(api: Api) -> None:
    reader = {"Authorization": "Bearer rita|documents:read"}
    assert (await api.client.get("/v1/audit.csv", headers=reader)).status_code == 403


async def test_a_record_is_seen_once(api: Api, queue: Queue) -> None:
    await queue.pool.execute(
        "INSERT INTO unreadable_records (topic, partition, record_offset, consumer_group, key, value, headers, cause, "
        "recorded_at) VALUES ('t', 0, 1, 'g', 'k', 'no {json}', '[[\"ce_type\", \"eA==\"]]', 'no JSON', now()), "
        "('other', 0, 1, 'g', NULL, NULL, '[]', 'empty', now())"
    )
    (record,) = (await api.get("/unreadable-records", topic="t"))["items"]
    assert (record["value_text"], record["key_text"], record["value_bytes"]) == ("no {json}", "k", 9)
    assert (await api.get("/flow"))["concerns"][0]["what"] == "unreadable"
    way = f"/v1/unreadable-records/{record['id']}"

    first = await api.client.post(f"{way}/seen", json={"reason": "the old format"})
    again = await api.client.post(f"{way}/seen", headers={"Authorization": "Bearer otto|documents:write"})

    assert (first.json()["seen_by"], again.json()["seen_by"]) == ("olga", "olga")
    assert (await api.client.get(way)).json() == first.json()
    assert [one["topic"] for one in (await api.get("/unreadable-records", seen="false"))["items"]] == ["other"]
    (entry,) = (await api.get("/audit"))["items"]
    assert (entry["action"], entry["fields"], entry["reason"]) == ("see_record", [str(record["id"])], "the old format")
    for nobody in (
        "/v1/unreadable-records/9999",
        "/v1/unreadable-records/nonsense",
        f"/v1/unreadable-records/{10**18}",
    ):
        assert (await api.client.get(nobody)).status_code == 404
        assert (await api.client.post(f"{nobody}/seen")).status_code == 404

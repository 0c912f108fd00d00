"""The audit with its filters, as CSV; and unreadable records that somebody has checked."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.d365_sync.conftest import Queue
from tests.integration.d365_sync.operators import ISSUER, Api
from tests.support import dead_letters

Json = dict[str, Any]


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
    assert answer.content.startswith(b"\xef\xbb\xbfat (UTC),actor")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    german = await api.client.get(
        "/v1/audit.csv", params={"since": pause["at"], "zone": "Europe/Berlin"}, headers={"Accept-Language": "de"}
    )
    assert german.content.startswith(b"\xef\xbb\xbfat (Europe/Berlin);actor")
    assert (await api.client.get("/v1/audit.csv", params={"zone": "Nowhere"})).status_code == 422
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
    assert (await api.get("/flow"))["concerns"][0]["kind"] == "unreadable"
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


async def test_who_did_it_is_a_person_whatever_the_name(api: Api, queue: Queue) -> None:
    async with queue.database.connect() as connection:
        [document, *_] = await dead_letters.insert(connection, 2)
        await connection.execute(
            "INSERT INTO d365_sync.unreadable_records (topic, partition, record_offset, consumer_group, headers, cause,"
            " recorded_at) VALUES ('t', 0, 0, 'g', '[]', 'c', now())"
        )
    rights = "documents:read documents:write audit:read"
    olga, renamed, namesake = (
        {"Authorization": f"Bearer {who}|{rights}"} for who in ("s-1~olga", "s-1~olga.b", "s-2~olga")
    )

    async def post(path: str, body: Json, headers: dict[str, str]) -> Json:
        answer = await api.client.post(f"/v1{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    def who(found: Json, field: str) -> tuple[str, str, str]:
        return found[field], found[f"{field}_subject"], found[f"{field}_issuer"]

    # The same key from two people with the same name means two replays; renamed, she still owns hers.
    key, order = {"Idempotency-Key": "k"}, {"query": {"state": "failed"}, "dry_run": False, "reason": "all"}
    hers = await post("/replays", order, {**olga, **key})
    assert who(hers, "created_by") == ("olga", "s-1", ISSUER)
    assert (await post("/replays", order, {**renamed, **key}))["replay_id"] == hers["replay_id"]
    other = {**order, "reason": "other", "query": {"state": "failed", "dealer": "none"}}
    assert (await post("/replays", other, {**namesake, **key}))["replay_id"] != hers["replay_id"]
    refused = await api.client.post("/v1/replays", json=other, headers={**renamed, **key})
    assert refused.status_code == 422
    assert refused.json()["type"].endswith("idempotency-key-reused")

    note = await post(f"/documents/{document}-1/notes", {"text": "n"}, renamed)
    assert who(note, "author") == ("olga.b", "s-1", ISSUER)
    assert who((await api.get(f"/documents/{document}-1"))["notes"][0], "author") == ("olga.b", "s-1", ISSUER)
    assert who(await post("/delivery/pause", {}, namesake), "paused_by") == ("olga", "s-2", ISSUER)
    ends = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    [window] = (await post("/delivery/windows", {"ends_at": ends, "reason": "r"}, olga))["items"]
    assert who(window, "created_by") == ("olga", "s-1", ISSUER)
    await api.client.delete(f"/v1/delivery/windows/{window['window_id']}", params={"reason": "r"}, headers=namesake)
    [ended] = (await api.get("/delivery/windows", past=True))["items"]
    assert who(ended, "ended_by") == ("olga", "s-2", ISSUER)
    assert who(await post("/unreadable-records/1/seen", {}, olga), "seen_by") == ("olga", "s-1", ISSUER)

    audit = (await api.get("/audit"))["items"]
    assert {who(entry, "actor") for entry in audit} == {("olga", "s-1", ISSUER), ("olga", "s-2", ISSUER)}
    by_subject = (await api.get("/audit", actor="s-2"))["items"]
    assert [entry["action"] for entry in by_subject] == ["end_window", "pause", "replay_all"]
    assert "actor_subject,actor_issuer" in (await api.client.get("/v1/audit.csv")).text.splitlines()[0]

"""One document's own page: what would be sent, what was edited, what prevents actions, and notes."""

import pytest

from case_shared.words.scopes import Scope
from tests.integration.d365_sync.conftest import Queue, known_case, submitted
from tests.integration.d365_sync.operators import Api, Json
from tests.support.eventually import eventually
from tests.support.sandbox import Sandbox


def obstacles(document: Json) -> dict[str, str | None]:
    return {one["action"]: one["obstacle"] for one in document["actions"]}


async def test_the_request_to_d365_and_what_was_edited_are_shown(
    api: Api, queue: Queue, d365: Sandbox, dead_letter: str
) -> None:
    before = await api.get(f"/documents/{dead_letter}")
    assert before["changes"] == []
    assert before["request"]["url"].startswith(f"{d365.url}/data/DealerPortalCases?cross-company=true")
    assert before["request"]["body"]["WebCaseId"] == before["web_case_id"]
    assert before["request"]["body"]["Notes"] == "Call first."

    payload = {**before["payload"], "description": "Edited.", "notes": None}
    await api.act(dead_letter, "replay", {"reason": "correct it", "payload": payload})

    after = await api.get(f"/documents/{dead_letter}")
    assert after["changes"] == [
        {"pointer": "/description", "before": "The pump leaks.", "after": "Edited."},
        {"pointer": "/notes", "before": "Call first.", "after": None},
    ]
    assert after["submitted_payload"]["notes"] == "Call first."
    assert "Notes" not in after["request"]["body"]


async def test_a_preview_changes_nothing(api: Api, queue: Queue, dead_letter: str) -> None:
    async with queue.database.connect() as connection:
        await connection.execute("INSERT INTO status_sync.categories VALUES ('usmf', 'Service', 'Warranty', NULL)")
        await connection.execute("INSERT INTO status_sync.priorities VALUES ('usmf', 'High', NULL)")
    before = await api.get(f"/documents/{dead_letter}")
    way = f"/v1/documents/{dead_letter}/preview"

    same = (await api.client.post(way, json={})).json()
    edited = (await api.client.post(way, json={"payload": {"category": "Nonsense"}})).json()
    wrong = await api.client.post(way, json={"payload": {"category": "W\x00"}})

    assert (same["changes"], same["problem"]) == ([], None)
    assert same["request"] == before["request"]
    assert {change["pointer"] for change in edited["changes"]} == {
        "/category", "/category_type", "/priority", "/description", "/notes", "/contact/name", "/contact/email",
        "/contact/phone",
    }  # fmt: skip
    assert edited["request"]["body"]["CaseCategory"] == "Nonsense"
    assert edited["problem"] == "/payload/category: D365 has no category Nonsense"
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/payload/category")
    assert await api.get(f"/documents/{dead_letter}") == before


async def test_the_form_has_schema_value_and_choices(api: Api, queue: Queue, dead_letter: str) -> None:
    async with queue.database.connect() as connection:
        await connection.execute("INSERT INTO status_sync.categories VALUES ('usmf', 'Service', 'Warranty', NULL)")

    form = await api.get(f"/documents/{dead_letter}/payload-form")

    assert set(form["payload_schema"]["properties"]) == set(form["payload"])
    assert form["payload_schema"]["required"] == ["category"]
    assert form["choices"] == {"categories": [{"category": "Warranty", "category_type": "Service"}], "priorities": []}


async def test_what_is_not_allowed_says_why(api: Api, queue: Queue, dead_letter: str) -> None:
    failed = await api.get(f"/documents/{dead_letter}")
    assert obstacles(failed) == {
        "replay": None, "link": None, "verify": None, "return": None, "discard": None, "restore": "dead_letter",
        "acknowledge": "no_alarm",
    }  # fmt: skip
    reader = {"Authorization": "Bearer rita|documents:read"}
    seen = (await api.client.get(f"/v1/documents/{dead_letter}", headers=reader)).json()
    assert set(obstacles(seen).values()) == {"scope"}
    assert Scope.DOCUMENTS_WRITE in seen["actions"][0]["why"]
    discarded = await api.act(dead_letter, "discard", {"reason": "a test"})
    assert obstacles(discarded)["replay"] == "at_an_end"
    await queue.pool.execute("UPDATE documents SET content = NULL WHERE state = 'discarded'")
    emptied = await api.act(dead_letter, "restore", {"reason": "no test"})
    assert (obstacles(emptied)["verify"], emptied["request"], emptied["changes"]) == ("payload_emptied", None, None)
    assert [one["action"] for one in emptied["actions"] if one["needs_payload"]] == ["replay"]


async def test_an_unproven_attempt_asks_for_verify(api: Api, queue: Queue, d365: Sandbox) -> None:
    await known_case(queue)
    await d365.fault(kind="drop", operation="create", when="after_commit", count=1)
    await d365.fault(kind="html", operation="read", id="blind")
    event = submitted()
    await queue.take_in(event)
    await queue.until(event, "verifying")

    document = await api.get(f"/documents/{event.web_case_id}-1")

    assert {obstacles(document)[action] for action in ("replay", "return", "discard")} == {"not_proven"}
    assert "Verify first" in document["actions"][0]["why"]
    assert (obstacles(document)["verify"], obstacles(document)["link"]) == (None, None)
    await d365.control("DELETE", "/faults/blind")
    await queue.until(event, "delivered")


async def test_notes_are_added_and_stand_with_the_document(api: Api, queue: Queue, dead_letter: str) -> None:
    way = f"/v1/documents/{dead_letter}/notes"
    for text in ("Called the dealer.", "They will correct the <serial> number."):
        added = await api.client.post(way, json={"text": f"  {text} "})
        assert (added.status_code, added.json()["text"], added.json()["author"]) == (201, text, "olga")

    assert [note["text"][:6] for note in (await api.get(f"/documents/{dead_letter}"))["notes"]] == ["They w", "Called"]
    first = await api.get(f"/documents/{dead_letter}/notes", limit=1)
    second = await api.get(f"/documents/{dead_letter}/notes", limit=1, cursor=first["next"])
    assert [page["items"][0]["text"][:6] for page in (first, second)] == ["They w", "Called"]
    # A note does not change the version on which an operator acts.
    assert (await api.get(f"/documents/{dead_letter}"))["revision"] == 4


@pytest.mark.parametrize("text", ["", "   ", "nul\x00", "x" * 4001, None, 7])
async def test_a_wrong_note_is_refused(api: Api, dead_letter: str, text: object) -> None:
    answer = await api.client.post(f"/v1/documents/{dead_letter}/notes", json={"text": text})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/text")


async def test_notes_of_nobody(api: Api, queue: Queue, dead_letter: str) -> None:
    nobody = "/v1/documents/W00000000Z-1/notes"
    assert (await api.client.post(nobody, json={"text": "x"})).status_code == 404
    assert (await api.client.get(nobody)).status_code == 404
    reader = {"Authorization": "Bearer rita|documents:read"}
    mine = await api.client.post(f"/v1/documents/{dead_letter}/notes", json={"text": "x"}, headers=reader)
    assert mine.status_code == 403


async def test_groups_name_the_commonest_reasons(api: Api, queue: Queue, d365: Sandbox, dead_letter: str) -> None:
    await d365.control("DELETE", "/faults/closed")
    await d365.fault(kind="reject", operation="create", message="No such customer.")
    events = [submitted() for _ in range(2)]
    await queue.take_in(*events)
    for event in events:
        await queue.until(event, "failed")

    (group,) = await eventually(lambda: groups(api))

    assert (group["cause"], group["count"]) == ("rejected", 3)
    assert group["reasons"] == [
        {"reason": "No such customer.", "count": 2},
        {"reason": "Warranty is closed.", "count": 1},
    ]


async def groups(api: Api) -> list[Json]:
    found: list[Json] = (await api.get("/document-groups"))["items"]
    return found

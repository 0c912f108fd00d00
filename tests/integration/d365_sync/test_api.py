"""The operators' API on a real database, with the dispatcher running against the sandbox."""

from typing import Any

import pytest

from case_shared.database.statements import Statement
from case_shared.words.scopes import Scope
from tests.integration.d365_sync.conftest import Queue, cases_of, known_case, submitted
from tests.integration.d365_sync.operators import Api
from tests.support.eventually import eventually
from tests.support.sandbox import Sandbox

Json = dict[str, Any]


async def state_of(api: Api, document: str) -> str:
    return str((await api.get(f"/documents/{document}"))["state"])


async def test_a_dead_letter_shows_its_whole_story(api: Api, d365: Sandbox, dead_letter: str) -> None:
    document = await api.get(f"/documents/{dead_letter}")

    assert document["cause"] == "rejected"
    assert document["reason"] == "Warranty is closed."
    assert "Write failed" in document["detail"]
    assert document["payload"]["notes"] == "Call first."
    post, look_up = document["attempts"]
    assert (post["kind"], post["outcome"], post["status"]) == ("create", "rejected", 400)
    assert "The pump leaks." in post["request"]
    assert "Call first." not in post["request"]
    assert "Warranty is closed." in post["answer"]
    assert look_up["finding"] == "absent"
    seen = {one["client_request_id"]: one for one in (await d365.control("GET", "/requests?limit=100"))["items"]}
    assert seen[post["client_request_id"]]["operation"] == "create"
    assert seen[look_up["client_request_id"]]["operation"] == "read"
    assert look_up["dyn_aid"] == seen[look_up["client_request_id"]]["dyn_aid"]
    assert document["allowed_actions"] == ["replay", "link", "verify", "return", "discard"]


async def test_a_document_that_has_waited_for_long_shows_its_newest_attempts(
    api: Api, queue: Queue, dead_letter: str
) -> None:
    web_case_id = dead_letter.partition("-")[0]
    await queue.pool.execute(
        "INSERT INTO attempts (web_case_id, submission_no, attempt_no, kind, started_at)"
        " SELECT $1, 1, 1000 + n, 'read_back', now() FROM generate_series(1, 300) AS n",
        web_case_id,
    )
    await queue.pool.execute("UPDATE documents SET attempts = 1300 WHERE web_case_id = $1", web_case_id)
    whole, (short,) = await api.get(f"/documents/{dead_letter}"), (await api.get("/documents", state="failed"))["items"]
    counts = [(one["attempt_count"], len(one["attempts"])) for one in (whole, short)]
    assert counts == [(1300, 100), (1300, 10)]


async def test_lists_filter_and_page(api: Api, dead_letter: str) -> None:
    async def ids(**params: Any) -> list[str]:
        return [item["id"] for item in (await api.get("/documents", **params))["items"]]

    assert await ids(state="failed") == [dead_letter]
    assert await ids(cause="rejected", dealer="usmf-us-001", q="warranty is CLOSED") == [dead_letter]
    assert await ids(q=dead_letter[:6].lower()) == [dead_letter]
    assert await ids(q="100%") == []
    assert await ids(older_than_seconds=3600) == []
    first = await api.get("/documents", limit=1)
    assert first["has_more"] is True
    second = await api.get("/documents", limit=1, cursor=first["next"])
    assert (second["has_more"], second["next"]) == (False, None)
    assert {first["items"][0]["id"], second["items"][0]["id"]} == set(await ids())
    (group,) = (await api.get("/document-groups"))["items"]
    assert (group["cause"], group["count"]) == ("rejected", 1)


async def test_replay_delivers_what_d365_accepts_now(api: Api, queue: Queue, d365: Sandbox, dead_letter: str) -> None:
    await d365.control("DELETE", "/faults/closed")

    answer = await api.act(dead_letter, "replay", {"reason": "corrected"})

    assert answer["state"] in {"pending", "delivering", "delivered"}
    await eventually(lambda: state_of(api, dead_letter), lambda state: state == "delivered")
    (entry,) = (await api.get("/audit", document=dead_letter))["items"]
    assert (entry["actor"], entry["action"], entry["reason"], entry["fields"]) == ("olga", "replay", "corrected", [])


async def test_replay_with_an_edited_payload_sends_that(api: Api, d365: Sandbox, dead_letter: str) -> None:
    await d365.control("DELETE", "/faults/closed")
    payload = {"category": "Breakdown", "category_type": "Service", "description": "Edited."}

    await api.act(dead_letter, "replay", {"reason": "wrong category", "payload": payload})

    await eventually(lambda: state_of(api, dead_letter), lambda state: state == "delivered")
    (case,) = [case for case in await d365.cases() if case["WebCaseId"] == dead_letter[:-2]]
    assert (case["CaseCategory"], case["Description"], case["Notes"]) == ("Breakdown", "Edited.", "")
    (entry,) = (await api.get("/audit", document=dead_letter))["items"]
    gone = ["priority", "notes", "contact.name", "contact.email", "contact.phone"]
    assert {one["field"]: one["change"] for one in entry["changes"]} == {
        "category": "changed", "description": "changed", **dict.fromkeys(gone, "emptied"),
    }  # fmt: skip
    assert entry["fields"] == [one["field"] for one in entry["changes"]]


async def test_a_payload_that_names_only_its_category_gets_its_type(api: Api, queue: Queue, dead_letter: str) -> None:
    async with queue.database.connect() as connection:
        await connection.executemany(
            "INSERT INTO status_sync.categories (data_area_id, category_type, category) VALUES ('usmf', $1, $2)",
            [("Service", "Breakdown"), ("HumanResources", "Breakdown"), ("Service", "Repair"), ("Sales", "Repair")],
        )
    repair = {"reason": "a test", "payload": {"category": "repair"}}
    refused = await api.act(dead_letter, "replay", repair, status=422)
    assert [error["pointer"] for error in refused["errors"]] == ["/payload/category_type"]
    assert "Sales, Service" in refused["detail"]
    foreseen = (
        await api.client.post(f"/v1/documents/{dead_letter}/preview", json={"payload": {"category": "repair"}})
    ).json()
    assert foreseen["problem"].startswith("/payload/category_type: ")

    replayed = await api.act(dead_letter, "replay", {"reason": "a test", "payload": {"category": "Breakdown"}})

    assert (replayed["payload"]["category"], replayed["payload"]["category_type"]) == ("Breakdown", "Service")


async def test_a_payload_can_be_sent_back_as_it_was_shown(api: Api, d365: Sandbox, dead_letter: str) -> None:
    await d365.control("DELETE", "/faults/closed")
    shown = (await api.get(f"/documents/{dead_letter}"))["payload"]

    await api.act(dead_letter, "replay", {"reason": "one word", "payload": {**shown, "description": "Edited."}})

    await eventually(lambda: state_of(api, dead_letter), lambda state: state == "delivered")
    (case,) = [case for case in await d365.cases() if case["WebCaseId"] == dead_letter[:-2]]
    assert (case["Description"], case["Notes"]) == ("Edited.", "Call first.")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/reason"),
        ({"reason": "  "}, "/reason"),
        ({"reason": "x", "payload": {"category": "A", "dealer": "other"}}, "/payload/dealer"),
        ({"reason": "x", "payload": {"category": "A", "web_case_id": "W0"}}, "/payload/web_case_id"),
        ({"reason": "x", "payload": {"description": "no category"}}, "/payload/category"),
        ({"reason": "x", "hurry": True}, "/hurry"),
    ],
)
async def test_a_wrong_replay_names_the_field(api: Api, dead_letter: str, body: Json, pointer: str) -> None:
    problem = await api.act(dead_letter, "replay", body, status=422)

    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert await state_of(api, dead_letter) == "failed"


async def test_return_shows_the_dealer_why(api: Api, queue: Queue, dead_letter: str) -> None:
    answer = await api.act(dead_letter, "return", {"reason": "Please name the machine."})

    assert answer["state"] == "returned"

    async def published() -> list[tuple[str, str | None]]:
        return [(one.state.value, one.reason) for one in queue.events if one.web_case_id == dead_letter[:-2]]

    await eventually(published, lambda events: ("returned", "Please name the machine.") in events)
    problem = await api.act(dead_letter, "replay", {"reason": "x"}, status=409)
    assert problem["allowed_actions"] == ["link", "verify"]


async def test_discard_can_be_undone(api: Api, dead_letter: str) -> None:
    discarded = await api.act(dead_letter, "discard", {"reason": "a test"})
    restored = await api.act(dead_letter, "restore", {"reason": "no test"})

    assert (discarded["state"], restored["state"]) == ("discarded", "failed")
    assert restored["reason"] == "Warranty is closed."
    actions = [entry["action"] for entry in (await api.get("/audit", document=dead_letter))["items"]]
    assert actions == ["restore", "discard"]


async def test_link_needs_a_case_that_is_there_and_nobody_elses(api: Api, d365: Sandbox, dead_letter: str) -> None:
    for case_id, word in (("CASE-999999", "no case"), ((await d365.cases())[-1]["CaseId"], "Web Case ID")):
        problem = await api.act(dead_letter, "link", {"reason": "found it", "case_id": case_id}, status=409)
        assert word in problem["detail"]
    born = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "CaseCategory": "Warranty", "CategoryType": "Service"}
    case = await d365.control("POST", "/cases", born)
    foreign = await d365.control("POST", "/cases", {**born, "CustomerAccount": "US-002"})
    order = {"reason": "found it", "case_id": foreign["CaseId"]}
    assert "customer US-002" in (await api.act(dead_letter, "link", order, status=409))["detail"]
    audit = await d365.control("POST", "/cases", {**born, "CaseCategory": "Policy violation", "CategoryType": "Audit"})
    order = {"reason": "found it", "case_id": audit["CaseId"]}
    assert "category type Audit" in (await api.act(dead_letter, "link", order, status=409))["detail"]

    answer = await api.act(dead_letter, "link", {"reason": "made by phone", "case_id": case["CaseId"]})

    assert (answer["state"], answer["cause"], answer["case_id"]) == ("delivered", "linked", case["CaseId"])


async def test_verify_finds_what_landed_late(api: Api, queue: Queue, d365: Sandbox, dead_letter: str) -> None:
    absent = await api.act(dead_letter, "verify", {"reason": "is it there?"})
    assert absent["state"] == "failed"
    assert absent["attempts"][-1]["finding"] == "absent"
    document = await api.get(f"/documents/{dead_letter}")
    landed = {
        "dataAreaId": "usmf",
        "WebCaseId": document["web_case_id"],
        "SubmissionId": document["submission_id"],
        "CustomerAccount": "US-001",
        "CaseCategory": "Warranty",
        "CategoryType": "Service",
    }
    await d365.control("POST", "/cases", landed)

    found = await api.act(dead_letter, "verify", {})

    assert (found["state"], found["cause"]) == ("delivered", "read_back")


async def test_while_an_attempt_is_unproven_only_verify_and_link_are_offered(
    api: Api, queue: Queue, d365: Sandbox
) -> None:
    await known_case(queue)
    await d365.fault(kind="drop", operation="create", when="after_commit", count=1)
    await d365.fault(kind="html", operation="read", id="blind")
    event = submitted()
    await queue.take_in(event)
    await queue.until(event, "verifying")

    for action in ("return", "discard", "replay"):
        problem = await api.act(f"{event.web_case_id}-1", action, {"reason": "now"}, status=409)
        assert problem["allowed_actions"] == ["link", "verify"]
        assert "The result of an attempt is not known yet" in problem["detail"]
    await d365.control("DELETE", "/faults/blind")
    await queue.until(event, "delivered")
    assert len(await cases_of(d365, event)) == 1


async def test_preconditions(api: Api, dead_letter: str) -> None:
    path = f"/v1/documents/{dead_letter}/discard"
    missing = await api.client.post(path, json={"reason": "x"})
    old = await api.client.post(path, json={"reason": "x"}, headers={"If-Match": '"1"'})
    star = await api.client.post(path, json={"reason": "x"}, headers={"If-Match": "*"})

    assert (missing.status_code, old.status_code, star.status_code) == (428, 412, 412)
    assert old.headers["ETag"] == old.json()["current_etag"]
    assert old.json()["detail"].startswith("Its ETag is now")
    assert star.json()["detail"].startswith("If-Match names no version.")


@pytest.mark.parametrize(
    "path",
    [
        "/documents?state=lost",
        "/documents?limit=101",
        "/documents?colour=red",
        "/documents?cursor=nonsense",
        "/audit?cursor=WzEuNV0",
        "/audit?since=yesterday",
        "/audit.csv?limit=1",
        "/unreadable-records?seen=perhaps",
        "/dealers?colour=red",
        "/d365/cases",
        "/d365/cases?dealer=usmf-us-001&limit=1",
        "/flow?x=1",
        "/delivery?x=1",
    ],
)
async def test_wrong_queries_are_422(api: Api, path: str) -> None:
    answer = await api.client.get(f"/v1{path}")

    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_an_order_has_no_query(api: Api) -> None:
    answer = await api.client.post("/v1/delivery/pause?force=1", json={"reason": "x"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "?force"


async def test_scopes_and_unknown_documents(api: Api) -> None:
    for path, scope in (
        ("/documents", Scope.AUDIT_READ),
        ("/audit", Scope.DOCUMENTS_READ),
        ("/ledger", Scope.CASES_READ),
    ):
        answer = await api.client.get(f"/v1{path}", headers={"Authorization": f"Bearer olga|{scope}"})
        assert answer.status_code == 403
        assert "insufficient_scope" in answer.headers["WWW-Authenticate"]
    for document in ("nonsense", "W00000000Z-1", "W000000000-1"):
        assert (await api.client.get(f"/v1/documents/{document}")).status_code == 404


async def test_what_needs_no_reason_needs_no_body(api: Api, dead_letter: str) -> None:
    etag = (await api.client.get(f"/v1/documents/{dead_letter}")).headers["ETag"]
    answers = [
        await api.client.post("/v1/delivery/pause"),
        await api.client.post("/v1/delivery/resume", json={}),
        await api.client.post(f"/v1/documents/{dead_letter}/verify", headers={"If-Match": etag}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert {entry["reason"] for entry in (await api.get("/audit"))["items"]} == {"no reason given"}


async def test_pause_and_resume(api: Api, queue: Queue, d365: Sandbox) -> None:
    await known_case(queue)
    paused = await api.client.post("/v1/delivery/pause", json={"reason": "D365 is upgraded"})
    assert (paused.json()["paused"], paused.json()["paused_by"]) == (True, "olga")
    event = submitted()
    await queue.take_in(event)
    await eventually(lambda: queue.events_of(event))  # it waits long enough to be published
    assert (await queue.document(event))["attempts"] == 0
    delivery = await api.get("/delivery")
    assert (delivery["backlog"], delivery["breaker"]["state"]) == (1, "closed")

    await api.client.post("/v1/delivery/resume", json={"reason": "done"})

    await queue.until(event, "delivered")
    actions = [entry["action"] for entry in (await api.get("/audit"))["items"]]
    assert actions == ["resume", "pause"]


async def test_an_operator_can_have_every_case_read_again(api: Api, queue: Queue) -> None:
    answer = await api.client.post("/v1/delivery/read-again", json={"reason": "before the first poll"})
    assert answer.status_code == 200
    async with queue.database.connect() as connection:
        await connection.execute("INSERT INTO status_sync.sync_state (name, modified_at) VALUES ('poll', now())")
        await api.client.post("/v1/delivery/read-again", json={"reason": "a role hid cases"})
        row = await connection.fetchrow("SELECT modified_at, round FROM status_sync.sync_state WHERE name = 'poll'")
    assert row is not None
    assert tuple(row) == (None, 1)
    entries = (await api.get("/audit", action="read_again"))["items"]
    assert [(one["actor"], one["reason"]) for one in entries] == [
        ("olga", "a role hid cases"),
        ("olga", "before the first poll"),
    ]


async def test_another_environment_is_refused_until_it_is_adopted(api: Api, queue: Queue) -> None:
    await known_case(queue)
    await queue.pool.execute("UPDATE delivery_control SET d365_url = 'https://production.example'")
    event = submitted()
    await queue.take_in(event)
    refused = await eventually(lambda: api.get("/delivery"), lambda found: found["environment"]["refused_url"])
    assert refused["environment"]["d365_url"] == "https://production.example"
    assert (await queue.document(event))["attempts"] == 0

    await api.client.post("/v1/delivery/adopt", json={"reason": "moved"})

    await queue.until(event, "delivered")
    # Look up open documents there before sending them.
    assert await queue.outcomes(event) == [("read_back", "absent"), ("create", "delivered")]


async def test_after_a_restore_even_fresh_documents_are_looked_up(api: Api, queue: Queue) -> None:
    await known_case(queue)
    await api.client.post("/v1/delivery/pause", json={"reason": "restore"})
    event = submitted()
    await queue.take_in(event)
    await api.client.post("/v1/delivery/restored", json={"reason": "from the backup of 3 o'clock"})
    await api.client.post("/v1/delivery/resume", json={"reason": "restored"})

    await queue.until(event, "delivered")

    assert await queue.outcomes(event) == [("read_back", "absent"), ("create", "delivered")]


async def test_the_ledger_adds_up_and_says_what_does_not(api: Api, queue: Queue) -> None:
    assert (await api.get("/ledger"))["adds_up"] is True
    event = await known_case(queue)
    async with queue.database.connect() as connection:
        await connection.execute("TRUNCATE case_api.submissions, case_api.cases CASCADE")

    found = await api.get("/ledger")

    # case-api does not have its submission.
    assert (found["adds_up"], found["without_submission"]) == (False, 1)
    async with queue.database.connect() as connection:
        await connection.execute(
            """
            INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, case_id)
            VALUES ($1, 'usmf-us-001', 'usmf', 'US-001', 'portal', 'submitted', 'CASE-1')
            """,
            event.web_case_id,
        )
        await connection.execute(
            """
            INSERT INTO case_api.submissions (web_case_id, submission_no, submission_id, dealer, data_area_id,
                customer_account, content, created_by, submitted_by, submitted_at)
            VALUES ($1, 1, $2, 'usmf-us-001', 'usmf', 'US-001', '{}', 'ann', 'ann', now() - interval '6 minutes')
            """,
            event.web_case_id,
            event.submission_id,
        )
    found = await api.get("/ledger")
    assert (found["adds_up"], found["submissions"], found["delivered"]) == (True, 1, 1)


async def test_paused_consumers_are_shown_and_let_through(api: Api, queue: Queue) -> None:
    report = Statement.REPORT_CONSUMER_PAUSED.text
    group = "case-api.case.delivery.v1"
    way = f"/v1/delivery/consumers/{group}/let-through"
    assert (await api.client.post(way, json={"reason": "old format"})).status_code == 404
    async with queue.database.pool("case_api") as other:
        assert await other.fetchval(report, group, "case.delivery.v1", "120 of the last 200") is False

        (paused,) = (await api.get("/delivery"))["paused_consumers"]
        assert (paused["consumer_group"], paused["cause"]) == (group, "120 of the last 200")
        answer = await api.client.post(way, json={"reason": "old format"})
        assert answer.json()["paused_consumers"][0]["let_through_until"] is not None

        assert await other.fetchval(report, group, "case.delivery.v1", "still") is True
        # A permission to skip expires with its time, not with the next good batch.
        await other.execute(Statement.REPORT_CONSUMER_RESUMED.text, group)
        assert len((await api.get("/delivery"))["paused_consumers"]) == 1
        await other.execute("UPDATE d365_sync.paused_consumers SET let_through_until = now() - interval '1 second'")
        await other.execute(Statement.REPORT_CONSUMER_RESUMED.text, group)
    assert (await api.get("/delivery"))["paused_consumers"] == []
    entry = (await api.get("/audit"))["items"][0]
    assert (entry["action"], entry["actor"], entry["reason"], entry["fields"]) == (
        "let_through", "olga", "old format", [group],
    )  # fmt: skip


async def test_unreadable_records_show_their_bytes(api: Api, queue: Queue) -> None:
    await queue.pool.execute(
        """
        INSERT INTO unreadable_records
            (topic, partition, record_offset, consumer_group, key, value, headers, cause, recorded_at)
        VALUES ('t', 3, 7, 'g', NULL, '\\xff00', '[]', 'no JSON', now())
        """
    )

    (item,) = (await api.get("/unreadable-records"))["items"]

    assert (item["offset"], item["partition"], item["value_base64"], item["cause"]) == (7, 3, "/wA=", "no JSON")

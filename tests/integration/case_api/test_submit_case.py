"""The submission: checked first, done once, completely or not at all."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from case_api.web.schemas import SubmissionDocument
from case_shared.d365.creating import contact_and_notes
from case_shared.d365.models import CaseToCreate
from case_shared.d365.texts import utf16_length
from case_shared.words.events import CaseSubmitted, Record, SubmissionState, decode
from tests.integration.case_api.conftest import CASES, DRAFT, ISSUER, OTHER, Api, token
from tests.integration.case_api.deliveries import deliver
from tests.support.eventually import eventually


async def outbox(api: Api) -> list[Any]:
    return await api.fetch("SELECT * FROM case_api.outbox ORDER BY id")


async def test_a_submission_changes_the_case_and_enters_the_outbox(api: Api) -> None:
    case = await api.create()
    answer = await api.submit(case, headers=token("bob"))
    assert answer.status_code == 202, answer.text
    assert SubmissionDocument.model_validate_json(answer.content)
    submission = answer.json()
    assert (submission["submission_no"], submission["state"], submission["attempts"]) == (1, "pending", [])
    now = await api.get(case)
    assert now["status"] == "submitted"
    assert now["submission"] == submission
    assert now["allowed_actions"] == ["copy"]
    assert now["submitted_at"] == submission["submitted_at"]
    found = await api.client.get(f"{CASES}/{case['web_case_id']}/submission")
    assert found.json() == submission
    assert len(await outbox(api)) == 1


async def test_the_event_is_the_one_that_is_agreed(api: Api) -> None:
    case = await api.create(category_type="Sales")
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await api.submit(case, headers={**token("bob"), "traceparent": parent})
    (row,) = await outbox(api)
    (submission,) = await api.fetch("SELECT * FROM case_api.submissions")
    headers = [(name, text.encode()) for name, text in row["headers"].items()]
    event = decode(CaseSubmitted, row["value"], headers)
    assert event == CaseSubmitted(
        web_case_id=case["web_case_id"],
        submission_no=1,
        submission_id=UUID(str(submission["submission_id"])),
        dealer=case["dealer"],
        data_area_id="usmf",
        customer_account="US-001",
        content={**DRAFT, "category_type": "Sales"},
        created_by="ann",
        submitted_at=submission["submitted_at"],
        created_by_subject="ann",
        created_by_issuer=ISSUER,
        submitted_by="bob",
        submitted_by_subject="bob",
        submitted_by_issuer=ISSUER,
    )
    assert submission["submitted_by"] == "bob"
    time = submission["submitted_at"]
    made = Record.of(event, source="case-api", time=time, traceparent=row["headers"].get("traceparent"))
    assert {name for name, _ in made.headers} == set(row["headers"])
    same = {"ce_time", "traceparent"}
    assert {n: t for n, t in made.headers if n not in same} == {n: t for n, t in headers if n not in same}


async def test_repeated_it_answers_the_same_and_does_nothing_twice(api: Api) -> None:
    case = await api.create()
    answers = await asyncio.gather(*(api.submit(case) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [202] * 8
    assert len({answer.content for answer in answers}) == 1
    assert len(await outbox(api)) == 1
    assert (await api.submit(case, version=2)).status_code == 412


async def test_an_edited_draft_is_not_submitted_with_the_old_version(api: Api) -> None:
    case = await api.create()
    await api.client.patch(f"{CASES}/{case['web_case_id']}", json={"notes": "x"}, headers={"If-Match": '"1"'})
    answer = await api.submit(case)
    assert (answer.status_code, answer.headers["ETag"]) == (412, '"2"')
    assert (await api.client.post(f"{CASES}/{case['web_case_id']}/submission")).status_code == 428
    assert (await api.get(case))["status"] == "draft"


async def test_an_edit_and_a_submission_at_once_do_not_mix(api: Api) -> None:
    for _ in range(5):
        case = await api.create()
        path = f"{CASES}/{case['web_case_id']}"
        edited, submitted = await asyncio.gather(
            api.client.patch(path, json={"category": None}, headers={"If-Match": '"1"'}), api.submit(case)
        )
        assert (edited.status_code, submitted.status_code) in {(200, 412), (409, 202)}


@pytest.mark.parametrize(
    ("change", "status", "phase"),
    [
        pytest.param("version = version + 1", 412, "draft", id="edited"),
        pytest.param(
            "phase = 'submitted', submission_no = 1, submitted_version = 1, submitted_at = now()",
            202,
            "submitted",
            id="submitted elsewhere",
        ),
    ],
)
async def test_a_draft_that_changes_while_its_submission_waits_is_not_submitted(
    api: Api, change: str, status: int, phase: str
) -> None:
    case = await api.create()
    async with api.database.connect() as other, other.transaction():
        await other.execute(f"UPDATE case_api.cases SET {change} WHERE web_case_id = $1", case["web_case_id"])
        submitting = asyncio.create_task(api.submit(case))
        await eventually(api.waiting)
    assert (await submitting).status_code == status
    assert await outbox(api) == []
    assert [row["phase"] for row in await api.fetch("SELECT phase FROM case_api.cases")] == [phase]


@pytest.mark.parametrize(
    ("content", "pointers"),
    [
        ({"category": None}, ["/category"]),
        ({"category": ""}, ["/category"]),
        ({"category": "Nonsense"}, ["/category"]),
        ({"category": "Salary"}, ["/category"]),
        ({"category": "Parts"}, ["/category_type"]),
        ({"category": "Parts", "category_type": "HumanResources"}, ["/category"]),
        ({"priority": "Whenever"}, ["/priority"]),
        ({"contact": {"email": "ann"}}, ["/contact/email"]),
        ({"category": None, "priority": "?", "contact": {"email": "@"}}, ["/category", "/priority", "/contact/email"]),
    ],
)
async def test_an_incomplete_draft_is_not_submitted(api: Api, content: dict[str, Any], pointers: list[str]) -> None:
    case = await api.create(**content)
    choices: list[dict[str, Any]] = [{}, {"params": {"validate_only": "true"}}]
    for options in choices:
        answer = await api.submit(case, **options)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:casebridge:problem:case-incomplete")
        assert [error["pointer"] for error in answer.json()["errors"]] == pointers
    assert await outbox(api) == []


async def test_the_type_is_completed_where_it_is_unique(api: Api) -> None:
    await api.submitted(category="Parts", category_type="General", priority="")
    await api.submitted()
    contents = [json.loads(row["value"])["content"] for row in await outbox(api)]
    assert [content["category_type"] for content in contents] == ["General", "Sales"]
    assert "priority" not in contents[0]


async def test_validation_alone_submits_nothing(api: Api) -> None:
    case = await api.create()
    answer = await api.submit(case, params={"validate_only": "true"})
    assert (answer.status_code, answer.json()) == (200, {"valid": True})
    assert (await api.get(case))["status"] == "draft"
    assert await outbox(api) == []


async def test_without_d365s_lists_nothing_is_submitted(api: Api) -> None:
    await api.fetch("DELETE FROM status_sync.categories")
    case = await api.create()
    answer = await api.submit(case)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:casebridge:problem:lists-unknown")
    assert answer.headers["Retry-After"] == "30"


async def test_a_submitted_case_is_neither_edited_nor_deleted(api: Api) -> None:
    case = await api.submitted()
    path = f"{CASES}/{case['web_case_id']}"
    for method in ("PATCH", "DELETE"):
        json_body: dict[str, Any] = {"json": {"notes": "x"}} if method == "PATCH" else {}
        answer = await api.client.request(method, path, **json_body, headers={"If-Match": '"1"'})
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:casebridge:problem:case-submitted")


async def test_the_database_itself_keeps_a_submitted_case(api: Api) -> None:
    await api.submitted()
    async with api.database.pool("case_api") as pool:
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await pool.execute("DELETE FROM cases")
        for statement in ("DELETE FROM submissions", "UPDATE submissions SET dealer = 'x'"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(statement)


async def test_it_is_one_round_trip(api: Api) -> None:
    case = await api.create()
    other = await api.create()
    await api.submit(other)
    statements: list[str] = []
    connection = await api.service.pool.acquire()
    await api.service.pool.release(connection)
    held = [await api.service.pool.acquire() for _ in range(api.service.pool.get_size())]
    for one in held:
        one.add_query_logger(lambda record: statements.append(record.query))
        await api.service.pool.release(one)
    assert (await api.submit(case)).status_code == 202
    assert len(statements) == 1
    assert "submissions" in statements[0]


async def test_prefer_wait_answers_with_the_outcome(api: Api) -> None:
    case = await api.create()
    waiting = asyncio.create_task(api.submit(case, headers={"Prefer": "respond-async, wait=20"}))
    await eventually(lambda: outbox(api))
    await deliver(api, case, SubmissionState.DELIVERED, case_id="C-1")
    answer = await waiting
    assert answer.json()["state"] == "delivered"
    assert answer.headers["Preference-Applied"] == "wait=20"
    slow = await api.submit(await api.create(), headers={"Prefer": "wait=1"})
    assert (slow.status_code, slow.json()["state"]) == (202, "pending")


async def test_submissions_that_come_at_once_share_statements_and_each_gets_its_own_answer(api: Api) -> None:
    fine = [await api.create(notes=str(number)) for number in range(20)]
    wrong = await api.create(category="Nonsense")
    unknown = {"web_case_id": "W000000000"}
    answers = await asyncio.gather(*(api.submit(case) for case in [*fine, wrong, unknown, *fine[:5]]))
    assert [answer.status_code for answer in answers] == [202] * 20 + [422, 404] + [202] * 5
    assert [answer.content for answer in answers[:5]] == [answer.content for answer in answers[-5:]]
    contents = {row["web_case_id"]: json.loads(row["value"])["content"]["notes"] for row in await outbox(api)}
    assert contents == {case["web_case_id"]: case["notes"] for case in fine}


async def test_a_case_that_was_never_submitted_has_no_submission(api: Api) -> None:
    case = await api.create(OTHER)
    answer = await api.client.get(f"/v1/dealers/{OTHER}/cases/{case['web_case_id']}/submission")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:casebridge:problem:case-not-submitted")


@pytest.mark.parametrize(
    ("contact", "notes", "most"),
    [
        ({"name": "Ann", "email": "ann@example.com", "phone": "+1 555"}, "call \U0001f527 me", 49),
        ({"name": "Ann"}, "call me\n", 21),
        ({"phone": "+1 555"}, None, 15),
        ({}, "call me", 7),
    ],
)
async def test_a_contact_that_goes_into_the_notes_counts_with_them(
    api: Api, contact: dict[str, str], notes: str | None, most: int
) -> None:
    case = await api.create(category_type="Sales", contact=contact or None, notes=notes)
    sent = contact_and_notes(
        CaseToCreate(
            data_area_id="usmf", web_case_id=case["web_case_id"], submission_id=uuid4(), customer_account="US-001",
            category="Warranty", notes=notes, **{f"contact_{name}": text for name, text in contact.items()},
        )
    )  # fmt: skip
    assert utf16_length(sent or "") == most
    await api.fetch(f"INSERT INTO case_api.d365_lengths VALUES ('contact_and_notes', {most - 1})")
    assert (await api.client.get(CASES.removesuffix("cases") + "lengths")).json()["items"] == [
        {"pointer": "/notes", "characters": most - 1}
    ]
    refused = await api.submit(case)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["pointer"] == ("/notes" if notes else "/contact/name")
    left = utf16_length(notes.rstrip()) - 1 if notes else 1
    assert f" {left} characters" in error["detail"]
    await api.fetch(f"UPDATE case_api.d365_lengths SET characters = {most}")
    assert (await api.submit(case)).status_code == 202


async def test_a_text_that_d365_would_shorten_is_reported_before_it_is_submitted(api: Api) -> None:
    await api.fetch("INSERT INTO case_api.d365_lengths VALUES ('description', 10), ('contact_name', 3), ('notes', 40)")
    assert (await api.client.get(CASES.removesuffix("cases") + "lengths")).json()["items"] == [
        {"pointer": "/description", "characters": 10},
        {"pointer": "/contact/name", "characters": 3},
        {"pointer": "/notes", "characters": 40},
    ]
    # D365 counts UTF-16 units, two for each of these: 8 characters are 10 there.
    case = await api.create(category_type="Sales", description="pump \U0001f527\U0001f527.", contact={"name": "Ann"})
    assert (await api.submit(case, params={"validate_only": "true"})).json() == {"valid": True}

    longer = await api.create(
        category_type="Sales", description="pumps \U0001f527\U0001f527.", contact={"name": "Anna"}, notes="short"
    )
    for choice in ({"params": {"validate_only": "true"}}, {}):
        refused = await api.submit(longer, **choice)  # type: ignore[arg-type]
        assert refused.status_code == 422
        assert refused.json()["errors"] == [
            {"pointer": "/description", "detail": "D365 keeps only 10 characters. Shorten the text to that length."},
            {"pointer": "/contact/name", "detail": "D365 keeps only 3 characters. Shorten the text to that length."},
        ]
    assert await outbox(api) == []

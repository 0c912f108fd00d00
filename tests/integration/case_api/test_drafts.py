"""Drafts: saved, read, changed, deleted, copied."""

import asyncio
import gzip
from dataclasses import replace
from typing import Any

import pytest

from case_api.app.submit_case import Submitter
from case_api.postgres.list_store import PostgresListStore
from case_api.postgres.submit_store import PostgresSubmitStore
from case_api.web.schemas import CaseDocument, CategoryList, DealerList, PriorityList
from case_shared.process.loops import WakeUp
from case_shared.words.category_types import CategoryTypes
from case_shared.words.identifiers import is_web_case_id
from tests.integration.case_api.conftest import CASES, DEALER, DRAFT, OTHER, Api, token


async def test_a_draft_is_saved_with_a_web_case_id(api: Api) -> None:
    answer = await api.client.post(CASES, json=DRAFT)
    case = answer.json()
    assert answer.status_code == 201
    assert is_web_case_id(case["web_case_id"])
    assert answer.headers["Location"] == f"{CASES}/{case['web_case_id']}"
    assert answer.headers["ETag"] == '"1"'
    assert CaseDocument.model_validate_json(answer.content)
    expected = {
        "case_id": None,
        "dealer": DEALER,
        "status": "draft",
        "created_by": "ann",
        "submission": None,
        "submitted_at": None,
        "origin": "portal",
        "allowed_actions": ["edit", "delete", "submit", "copy"],
        **DRAFT,
    }
    assert {name: case[name] for name in expected} == expected
    assert await api.get(case) == case


async def test_a_draft_may_be_empty(api: Api) -> None:
    answer = await api.client.post(CASES, json={})
    assert answer.status_code == 201
    assert answer.json()["contact"] is None


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"colour": "red"}, "/colour"),
        ({"contact": {"email": "x" * 255}}, "/contact/email"),
        ({"contact": {"fax": "1"}}, "/contact/fax"),
        ({"notes": "a\x00b"}, "/notes"),
        ({"description": "x" * 4001}, "/description"),
        ({"category": 7}, "/category"),
        ([], ""),
    ],
)
async def test_a_wrong_field_is_named(api: Api, body: Any, pointer: str) -> None:
    answer = await api.client.post(CASES, json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_what_is_no_json_is_refused(api: Api) -> None:
    headers = {"Content-Type": "application/json"}
    assert (await api.client.post(CASES, content=b"{", headers=headers)).status_code == 422
    assert (await api.client.post(CASES, content=b'{"notes": "\\ud800"}', headers=headers)).status_code == 422
    assert (await api.client.post(CASES, content=b"a=b")).status_code == 422
    assert (await api.client.post(CASES, data={"a": "b"})).status_code == 415
    assert (await api.client.post(CASES, content=b"{}")).status_code == 201


async def test_a_patch_changes_what_it_names_and_null_empties(api: Api) -> None:
    case = await api.create()
    path = f"{CASES}/{case['web_case_id']}"
    patch = {"description": None, "contact": {"phone": "556", "name": None}, "priority": "Low"}
    answer = await api.client.patch(path, json=patch, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    assert answer.headers["ETag"] == '"2"'
    changed = answer.json()
    assert changed["contact"] == {"name": None, "email": "ann@example.com", "phone": "556"}
    assert (changed["description"], changed["priority"], changed["notes"]) == (None, "Low", "Call first.")
    answer = await api.client.patch(path, json={"contact": None}, headers={"If-Match": '"2"'})
    assert answer.json()["contact"] is None


async def test_changing_needs_the_current_version(api: Api) -> None:
    case = await api.create()
    path = f"{CASES}/{case['web_case_id']}"
    for method in ("PATCH", "DELETE"):
        json: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
        assert (await api.client.request(method, path, **json)).status_code == 428
        for stale in ('"7"', 'W/"1"', "*", "1", '"99999999999999999999"'):
            answer = await api.client.request(method, path, **json, headers={"If-Match": stale})
            assert answer.status_code == 412, stale
            assert answer.headers["ETag"] == '"1"'
            assert answer.json()["current_etag"] == '"1"'
            said = answer.json()["detail"]
            assert said.startswith("Its ETag is now" if stale == '"7"' else "If-Match names no version."), stale
            assert '"1"' in said


async def test_a_compressed_body_and_a_missing_one_are_named_as_what_they_are(api: Api) -> None:
    case = await api.create()
    for method, path in (("POST", CASES), ("PATCH", f"{CASES}/{case['web_case_id']}")):
        headers = {"If-Match": '"1"', "Content-Type": "application/json"}
        packed = {**headers, "Content-Encoding": "gzip"}
        answer = await api.client.request(method, path, content=gzip.compress(b"{}"), headers=packed)
        assert answer.status_code == 415
        assert answer.headers["accept-encoding"] == "identity"
        assert answer.json()["detail"] == "Send the body without Content-Encoding."
        as_it_is = {**headers, "Content-Encoding": "identity"}
        assert (await api.client.request(method, path, content=b"{}", headers=as_it_is)).is_success
    missing = await api.client.post(CASES, headers={"Content-Type": "application/json"})
    assert missing.status_code == 422
    assert missing.json()["errors"] == [{"pointer": "", "detail": "The request has no body. Send JSON."}]


async def test_of_two_changes_at_once_one_wins(api: Api) -> None:
    case = await api.create()
    path = f"{CASES}/{case['web_case_id']}"
    answers = await asyncio.gather(
        *(api.client.patch(path, json={"notes": str(number)}, headers={"If-Match": '"1"'}) for number in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]


async def test_a_draft_is_deleted_for_good(api: Api) -> None:
    case = await api.create()
    path = f"{CASES}/{case['web_case_id']}"
    assert (await api.client.delete(path, headers={"If-Match": '"1"'})).status_code == 204
    assert (await api.client.get(path)).status_code == 404
    assert (await api.client.delete(path, headers={"If-Match": '"1"'})).status_code == 404


async def test_a_copy_is_a_draft_with_the_same_content(api: Api) -> None:
    case = await api.submitted()
    answer = await api.client.post(f"{CASES}/{case['web_case_id']}/copy", headers=token("bob"))
    assert answer.status_code == 201, answer.text
    copy = answer.json()
    assert copy["web_case_id"] != case["web_case_id"]
    assert copy["created_by"] == "bob"
    assert copy["status"] == "draft"
    assert {name: copy[name] for name in DRAFT} == DRAFT


async def test_a_key_saves_once_and_answers_the_same(api: Api) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = await api.client.post(CASES, json=DRAFT, headers=headers)
    path = f"{CASES}/{first.json()['web_case_id']}"
    await api.client.patch(path, json={"notes": "later"}, headers={"If-Match": '"1"'})
    again = await api.client.post(CASES, json=DRAFT, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert {name: again.headers[name] for name in ("ETag", "Location")} == {
        name: first.headers[name] for name in ("ETag", "Location")
    }
    other = await api.client.post(CASES, json={}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:casebridge:problem:idempotency-key-reused")
    copied = await api.client.post(f"{path}/copy", headers=headers)
    assert copied.status_code == 422
    for caller in (token("bob"), token()):
        dealer = OTHER if caller == token() else DEALER
        mine = await api.client.post(f"/v1/dealers/{dealer}/cases", json=DRAFT, headers={**headers, **caller})
        assert mine.json()["web_case_id"] != first.json()["web_case_id"]
    assert (await api.client.post(CASES, json={}, headers={"Idempotency-Key": "a key"})).status_code == 422


async def test_a_key_used_many_times_at_once_saves_once(api: Api) -> None:
    headers = {"Idempotency-Key": "k-2"}
    answers = await asyncio.gather(*(api.client.post(CASES, json=DRAFT, headers=headers) for _ in range(12)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert len(await api.fetch("SELECT FROM case_api.cases")) == 1


async def test_a_key_whose_request_runs_is_refused_without_waiting(api: Api) -> None:
    async with api.database.connect() as connection, connection.transaction():
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(concat_ws(chr(31), $1::text, 'ann', 'k-3'), 0))", DEALER
        )
        answer = await api.client.post(CASES, json=DRAFT, headers={"Idempotency-Key": "k-3"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:casebridge:problem:idempotency-key-in-use")
    assert await api.fetch("SELECT FROM case_api.cases") == []


async def test_the_lists_are_the_legal_entitys(api: Api) -> None:
    dealers = await api.client.get("/v1/dealers", headers=token(dealers=f"{OTHER},{DEALER},gone"))
    assert [item["dealer"] for item in dealers.json()["items"]] == [DEALER, OTHER]
    assert DealerList.model_validate_json(dealers.content)
    categories = await api.client.get(f"/v1/dealers/{DEALER}/categories")
    found = [(item["category"], item["category_type"]) for item in categories.json()["items"]]
    assert found == [("Parts", "General"), ("Parts", "Sales"), ("Warranty", "Sales")]
    assert CategoryList.model_validate_json(categories.content)
    priorities = await api.client.get(f"/v1/dealers/{DEALER}/priorities")
    assert [item["priority"] for item in priorities.json()["items"]] == ["High", "Low"]
    assert PriorityList.model_validate_json(priorities.content)


async def test_category_types_compare_without_case(api: Api) -> None:
    pool, types = api.service.pool, CategoryTypes.parse("sales, GENERAL")
    found = await PostgresListStore(pool).categories("usmf", types)
    assert {(one.category, one.category_type) for one in found} == {
        ("Parts", "General"), ("Parts", "Sales"), ("Warranty", "Sales"),
    }  # fmt: skip
    submitter = Submitter(PostgresSubmitStore(pool, types, 60).batched(), WakeUp())
    api.app.state.context = replace(api.app.state.context, category_types=types, submitter=submitter)
    assert (await api.submit(await api.create())).status_code == 202
    hidden = await api.create(category="Salary", category_type="HumanResources")
    assert (await api.submit(hidden)).status_code == 422

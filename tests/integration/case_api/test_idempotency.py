"""Idempotency-Keys: one effect and one answer, whoever repeats a request, however often, whatever dies."""

import asyncio

import httpx2

from case_shared.words.events import SubmissionState
from tests.integration.case_api.conftest import CASES, DEALER, DRAFT, ISSUER, OTHER, Api, Json, WordVerifier, token
from tests.integration.case_api.deliveries import deliver
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE

KEY = {"Idempotency-Key": "k"}
HEADERS = ("Location", "ETag", "Content-Type")
IN_USE = "urn:casebridge:problem:idempotency-key-in-use"
REUSED = "urn:casebridge:problem:idempotency-key-reused"


def same(first: httpx2.Response, again: httpx2.Response) -> bool:
    """Whether `again` repeats the answer `first`, and says so."""
    headers = [(answer.headers.get(name) for name in HEADERS) for answer in (first, again)]
    return (
        (first.status_code, first.content, *headers[0]) == (again.status_code, again.content, *headers[1])
        and "Idempotency-Replayed" not in first.headers
        and again.headers["Idempotency-Replayed"] == "true"
    )


def problem(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"]


async def submitted(api: Api) -> int:
    """The number of submissions, each with its event."""
    submissions = await api.fetch("SELECT FROM case_api.submissions")
    assert len(submissions) == len(await api.fetch("SELECT FROM case_api.outbox"))
    return len(submissions)


async def test_a_submission_is_answered_the_same_whatever_became_of_it_since(api: Api) -> None:
    case = await api.create()
    first = await api.submit(case, headers=KEY)
    assert same(first, await api.submit(case, headers=KEY))
    await deliver(api, case, SubmissionState.RETURNED, reason="Which machine?")
    assert same(first, await api.submit(case, headers=KEY))
    assert await submitted(api) == 1
    assert (await api.get(case))["status"] == "draft"


async def test_a_submission_that_was_made_without_a_key_is_kept_by_the_key_that_finds_it(api: Api) -> None:
    case = await api.create()
    await api.submit(case)
    found = await api.submit(case, headers=KEY)
    await deliver(api, case, SubmissionState.DELIVERED, case_id="C-1")
    assert same(found, await api.submit(case, headers=KEY))
    assert (await api.submit(case)).json()["state"] == "delivered"


async def test_a_key_stands_for_one_request(api: Api) -> None:
    case, other = await api.create(), await api.create()
    await api.submit(case, headers=KEY)
    for again in (
        await api.submit(case, version=2, headers=KEY),
        await api.submit(other, headers=KEY),
        await api.client.post(CASES, json=DRAFT, headers=KEY),
        await api.client.post(f"{CASES}/{case['web_case_id']}/copy", headers=KEY),
    ):
        assert problem(again) == (422, REUSED)
    saved = {"Idempotency-Key": "saved"}
    await api.client.post(CASES, json=DRAFT, headers=saved)
    assert problem(await api.submit(other, headers=saved)) == (422, REUSED)
    assert (await api.get(other))["status"] == "draft"


async def test_what_was_refused_is_not_kept(api: Api) -> None:
    case = await api.create(category=None)
    assert (await api.submit(case, headers=KEY)).status_code == 422
    path = f"{CASES}/{case['web_case_id']}"
    await api.client.patch(path, json={"category": "Warranty"}, headers={"If-Match": '"1"'})
    assert (await api.submit(case, headers=KEY)).status_code == 412
    assert (await api.submit(case, version=2, headers=KEY)).status_code == 202


async def test_validation_keeps_nothing(api: Api) -> None:
    case = await api.create()
    for _ in range(2):
        answer = await api.submit(case, headers=KEY, params={"validate_only": "true"})
        assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (200, False)
    assert await api.fetch("SELECT FROM case_api.idempotency_keys") == []
    assert (await api.submit(case, headers=KEY)).status_code == 202


async def test_a_key_is_its_callers_own(api: Api) -> None:
    case, other = await api.create(), await api.create()
    await api.submit(case, headers=KEY)
    answer = await api.submit(other, headers={**KEY, **token("bob")})
    assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (202, False)


async def test_a_key_is_its_issuers_own(api: Api) -> None:
    case, other = await api.create(), await api.create()
    await api.submit(case, headers=KEY)
    api.app.state.token_verifier = WordVerifier("https://other-issuer.example")
    answer = await api.submit(other, headers=KEY)
    assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (202, False)


async def test_a_key_is_its_dealers_own(api: Api) -> None:
    for case in (await api.create(), await api.create(OTHER)):
        path = f"/v1/dealers/{case['dealer']}/cases"
        saved = await api.client.post(path, json=DRAFT, headers={"Idempotency-Key": "saved"})
        assert (saved.status_code, "Idempotency-Replayed" in saved.headers) == (201, False)
        headers = {**KEY, "If-Match": '"1"'}
        sent = await api.client.post(f"{path}/{case['web_case_id']}/submission", headers=headers)
        assert (sent.status_code, "Idempotency-Replayed" in sent.headers) == (202, False)


async def test_a_key_whose_request_runs_is_refused_without_waiting(api: Api) -> None:
    case = await api.create()
    async with api.database.connect() as connection, connection.transaction():
        await connection.execute("SELECT FROM case_api.cases FOR UPDATE")
        first = asyncio.create_task(api.submit(case, headers=KEY))
        await eventually(api.waiting)
        assert problem(await asyncio.wait_for(api.submit(case, headers=KEY), 5 * PATIENCE)) == (409, IN_USE)
        other = await api.submit(await api.create(), headers={"Idempotency-Key": "other"})
        assert other.status_code == 202, "another key is free"
    assert same(await first, await api.submit(case, headers=KEY))


async def test_one_key_used_many_times_at_once_submits_once(api: Api) -> None:
    case = await api.create()
    answers = await asyncio.gather(*(api.submit(case, headers=KEY) for _ in range(40)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.content for answer in answers if answer.status_code == 202}) == 1
    assert await submitted(api) == 1


async def test_one_key_used_for_many_cases_at_once_submits_one(api: Api) -> None:
    for turn in range(5):
        cases = [await api.create() for _ in range(8)]
        key = {"Idempotency-Key": f"turn-{turn}"}
        answers = await asyncio.gather(*(api.submit(case, headers=key) for case in cases))
        assert sorted({answer.status_code for answer in answers} - {409}) in ([202], [202, 422])
        assert [answer.status_code for answer in answers].count(202) == 1
        assert await submitted(api) == turn + 1


async def test_what_dies_on_the_way_has_kept_nothing_and_done_nothing(api: Api) -> None:
    case = await api.create()
    async with api.database.connect() as connection, connection.transaction():
        await connection.execute("SELECT FROM case_api.cases FOR UPDATE")
        first = asyncio.create_task(api.submit(case, headers=KEY))
        (row,) = await eventually(api.waiting)
        await api.fetch("SELECT pg_terminate_backend($1)", row["pid"])
        assert (await first).status_code == 503
    assert await submitted(api) == 0
    answer = await api.submit(case, headers=KEY)
    assert (answer.status_code, "Idempotency-Replayed" in answer.headers) == (202, False)


async def test_an_outcome_is_waited_for_again(api: Api) -> None:
    case = await api.create()
    await api.submit(case, headers=KEY)
    await deliver(api, case, SubmissionState.DELIVERED, case_id="C-1")
    answer = await api.submit(case, headers={**KEY, "Prefer": "wait=5"})
    assert (answer.json()["state"], answer.headers["Idempotency-Replayed"]) == ("delivered", "true")


async def test_a_draft_is_saved_once_and_the_repeated_answer_says_so(api: Api) -> None:
    first = await api.client.post(CASES, json=DRAFT, headers=KEY)
    assert same(first, await api.client.post(CASES, json=DRAFT, headers=KEY))


async def test_a_copy_is_answered_the_same_though_its_source_is_gone(api: Api) -> None:
    case: Json = await api.create()
    path = f"/v1/dealers/{DEALER}/cases/{case['web_case_id']}"
    first = await api.client.post(f"{path}/copy", headers=KEY)
    assert (await api.client.delete(path, headers={"If-Match": '"1"'})).status_code == 204
    assert same(first, await api.client.post(f"{path}/copy", headers=KEY))
    assert (await api.client.post(f"{path}/copy")).status_code == 404


async def test_a_key_and_what_is_mine_are_a_persons_not_a_names(api: Api) -> None:
    ann, renamed, namesake = token("s-1~ann"), token("s-1~anna"), token("s-2~ann")
    first = await api.client.post(CASES, json={"notes": "1"}, headers={**ann, **KEY})
    assert same(first, await api.client.post(CASES, json={"notes": "1"}, headers={**renamed, **KEY}))
    assert problem(await api.client.post(CASES, json={"notes": "2"}, headers={**renamed, **KEY})) == (422, REUSED)
    other = await api.client.post(CASES, json={"notes": "2"}, headers={**namesake, **KEY})
    assert other.status_code == 201
    assert "Idempotency-Replayed" not in other.headers

    ids = [answer.json()["web_case_id"] for answer in (first, other)]
    for caller, mine in ((ann, ids[:1]), (renamed, ids[:1]), (namesake, ids[1:])):
        found = await api.client.get(CASES, params={"created_by": "me"}, headers=caller)
        assert [case["web_case_id"] for case in found.json()["items"]] == mine

    etag = {"If-Match": other.headers["ETag"]}
    await api.client.patch(f"{CASES}/{ids[1]}", json={"category": "Warranty"}, headers={**namesake, **etag})
    sent = await api.client.post(f"{CASES}/{ids[1]}/submission", headers={**ann, "If-Match": '"2"'})
    assert sent.status_code == 202, sent.text
    [row] = await api.fetch(
        "SELECT created_by, created_by_subject, created_by_issuer, submitted_by, submitted_by_subject,"
        " submitted_by_issuer, (SELECT convert_from(value, 'UTF8')::jsonb FROM case_api.outbox) AS event"
        " FROM case_api.submissions"
    )
    kept = {"created_by": "ann", "created_by_subject": "s-2", "created_by_issuer": ISSUER}
    kept |= {"submitted_by": "ann", "submitted_by_subject": "s-1", "submitted_by_issuer": ISSUER}
    assert {name: row[name] for name in kept} == kept == {name: row["event"][name] for name in kept}
    assert "s-1" not in sent.text + (await api.client.get(f"{CASES}/{ids[1]}/timeline")).text


async def test_a_deleted_draft_does_not_come_back_by_its_key(api: Api) -> None:
    draft = {"notes": "my secret"}
    added = await api.client.post(CASES, json=draft, headers={**token(), **KEY})
    case = added.json()["web_case_id"]
    copied = await api.client.post(f"{CASES}/{case}/copy", headers={**token(), "Idempotency-Key": "c"})
    for answer in (added, copied):
        path = answer.headers["Location"]
        deleted = await api.client.delete(path, headers={**token(), "If-Match": answer.headers["ETag"]})
        assert deleted.status_code == 204
    gone = "urn:casebridge:problem:draft-deleted"
    assert problem(await api.client.post(CASES, json=draft, headers={**token(), **KEY})) == (410, gone)
    again = await api.client.post(f"{CASES}/{case}/copy", headers={**token(), "Idempotency-Key": "c"})
    assert problem(again) == (410, gone)
    assert problem(await api.client.post(CASES, json={"notes": "2"}, headers={**token(), **KEY})) == (422, REUSED)
    other = await api.create()
    assert problem(await api.submit(other, headers={**token(), **KEY})) == (422, REUSED)
    await api.fetch("DELETE FROM case_api.cases")
    rows = await api.fetch("SELECT k::text AS row FROM case_api.idempotency_keys k")
    assert len(rows) == 2
    assert not any("secret" in row["row"] for row in rows)


async def test_a_key_from_before_issuers_were_kept_is_known(api: Api) -> None:
    case = await api.client.post(CASES, json={"notes": "1"}, headers={**token(), **KEY})
    await api.fetch("UPDATE case_api.idempotency_keys SET issuer = '' RETURNING true")
    assert same(case, await api.client.post(CASES, json={"notes": "1"}, headers={**token(), **KEY}))

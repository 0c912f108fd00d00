"""Conditional requests: what the client knows is not sent again, and it can wait for what it does not know."""

import asyncio

import pytest

from case_shared.words.events import SubmissionState
from tests.integration.case_api.conftest import CASES, DEALER, Api
from tests.integration.case_api.deliveries import deliver


@pytest.mark.parametrize(
    "path",
    [
        "/v1/dealers",
        f"/v1/dealers/{DEALER}/categories",
        f"/v1/dealers/{DEALER}/priorities",
        f"{CASES}/{{case}}/submission",
        f"{CASES}/{{case}}/timeline",
    ],
)
async def test_what_is_known_is_not_sent_again(api: Api, path: str) -> None:
    case = await api.submitted()
    address = path.format(case=case["web_case_id"])
    first = await api.client.get(address)
    tag = first.headers["ETag"]
    again = await api.client.get(address, headers={"If-None-Match": f'"x", {tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    other = await api.client.get(address, headers={"If-None-Match": 'W/"x"'})
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.parametrize("resource", ["submission", "timeline"])
async def test_news_has_another_tag(api: Api, resource: str) -> None:
    case = await api.submitted()
    path = f"{CASES}/{case['web_case_id']}/{resource}"
    tag = (await api.client.get(path)).headers["ETag"]
    await deliver(api, case, SubmissionState.FAILED, reason="Refused")
    assert (await api.client.get(path, headers={"If-None-Match": tag})).status_code == 200


async def test_the_submission_can_be_waited_for(api: Api) -> None:
    case = await api.submitted()
    path = f"{CASES}/{case['web_case_id']}/submission"
    slow = await api.client.get(path, headers={"Prefer": "wait=1"})
    assert (slow.json()["state"], slow.headers["Preference-Applied"]) == ("pending", "wait=1")
    headers = {"Prefer": "wait=20", "If-None-Match": slow.headers["ETag"]}
    waiting = asyncio.create_task(api.client.get(path, headers=headers))
    await deliver(api, case, SubmissionState.DELIVERED, case_id="C-1")
    answer = await waiting
    assert (answer.status_code, answer.json()["state"]) == (200, "delivered")
    draft = await api.create()
    none = await api.client.get(f"{CASES}/{draft['web_case_id']}/submission", headers={"Prefer": "wait=20"})
    assert none.status_code == 404


async def test_a_case_is_sent_whole_for_its_tag_does_not_cover_d365(api: Api) -> None:
    case = await api.create()
    path = f"{CASES}/{case['web_case_id']}"
    tag = (await api.client.get(path)).headers["ETag"]
    assert (await api.client.get(path, headers={"If-None-Match": tag})).status_code == 200


async def test_what_may_be_done_and_since_when_the_status_applies_follow_the_case(api: Api) -> None:
    case = await api.submitted()
    assert (case["allowed_actions"], case["status_as_of"]) == (["edit", "delete", "submit", "copy"], None)
    await api.fetch(
        "UPDATE case_api.cases SET d365_status_mapped = 'open', status_as_of = now(), read_began_at = now()"
    )
    seen = await api.get(case)
    assert (seen["status"], seen["allowed_actions"]) == ("open", ["copy"])
    assert seen["status_as_of"] is not None
    await deliver(api, case, SubmissionState.RETURNED)
    back = await api.get(case)
    assert (back["status"], back["status_as_of"]) == ("draft", None)
    assert back["allowed_actions"] == ["edit", "submit", "copy"]


async def test_a_case_that_is_submitted_cannot_be_validated_for_it(api: Api) -> None:
    answer = await api.submit(await api.submitted(), params={"validate_only": "true"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:casebridge:problem:case-submitted")

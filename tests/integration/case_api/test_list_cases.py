"""The list: newest first, page by page, of one dealer."""

from typing import Any

import pytest

from case_api.web.schemas import CasePage
from tests.integration.case_api.conftest import CASES, OTHER, Api


async def pages(api: Api, limit: int) -> list[list[str]]:
    found, cursor = [], None
    while True:
        parameters: dict[str, Any] = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = await api.client.get(CASES, params=parameters)
        assert answer.status_code == 200, answer.text
        page = CasePage.model_validate_json(answer.content)
        found.append([case.web_case_id for case in page.items])
        assert page.has_more == (page.next is not None)
        if page.next is None:
            return found
        cursor = page.next


async def test_pages_are_newest_first_and_complete(api: Api) -> None:
    cases = [await api.create() for _ in range(7)]
    await api.create(OTHER)
    # Equal times must not lose or repeat a case at the edge of a page.
    await api.fetch("UPDATE case_api.cases SET created_at = now() WHERE dealer = 'usmf-us-001'")
    found = await pages(api, 3)
    assert [len(page) for page in found] == [3, 3, 1]
    ids = [case["web_case_id"] for case in cases]
    assert [web_case_id for page in found for web_case_id in page] == sorted(ids, reverse=True)
    newest = await api.create()
    assert (await pages(api, 100))[0][0] == newest["web_case_id"]
    assert [len(page) for page in await pages(api, 4)] == [4, 4]


async def test_cases_born_in_d365_are_in_the_list(api: Api) -> None:
    async with api.database.pool("status_sync") as pool:
        await pool.execute(
            """
            INSERT INTO case_api.cases (
                web_case_id, dealer, data_area_id, customer_account, origin, phase, created_at, updated_at, case_id,
                d365_status, d365_status_mapped, status_as_of, d365_category, read_began_at
            ) VALUES ('W000000000', 'usmf-us-001', 'usmf', 'US-001', 'd365', 'submitted', now(), now(), 'C-9',
                'InProcess', 'in_process', now(), 'Parts', now())
            """
        )
    (case,) = (await api.client.get(CASES)).json()["items"]
    assert (case["case_id"], case["status"], case["category"]) == ("C-9", "in_process", "Parts")
    assert (case["created_by"], case["notes"], case["submission"], case["origin"]) == (None, None, None, "d365")


async def test_what_d365_says_is_shown_once_it_was_read(api: Api) -> None:
    case = await api.submitted()
    async with api.database.pool("status_sync") as pool:
        await pool.execute(
            """
            UPDATE case_api.cases SET case_id = 'C-1', d365_status_mapped = 'open', status_as_of = now(),
                d365_category = 'Parts', d365_description = 'Changed by the clerk', read_began_at = now()
            """
        )
    now = await api.get(case)
    assert (now["status"], now["case_id"], now["category"]) == ("open", "C-1", "Parts")
    assert (now["description"], now["priority"]) == ("Changed by the clerk", None)
    assert (now["notes"], now["contact"]) == (case["notes"], case["contact"])


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "?limit"),
        ("limit=101", "?limit"),
        ("limit=x", "?limit"),
        ("cursor=nonsense", "?cursor"),
        ("cursor=%C3%A4", "?cursor"),
        ("cursor=", "?cursor"),
        ("cursor=" + "x" * 201, "?cursor"),
        ("sort=created_at", "?sort"),
    ],
)
async def test_wrong_parameters_are_named(api: Api, query: str, pointer: str) -> None:
    answer = await api.client.get(f"{CASES}?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_cursor_is_good_for_its_own_list_alone(api: Api) -> None:
    for _ in range(2):
        await api.create()
    cursor = (await api.client.get(CASES, params={"limit": 1})).json()["next"]
    answer = await api.client.get(f"/v1/dealers/{OTHER}/cases", params={"cursor": cursor})
    assert answer.status_code == 422

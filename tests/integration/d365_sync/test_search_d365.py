"""Dealers as operators see them, and their cases in D365."""

import asyncio

import pytest

from d365_sync.app import search_d365
from tests.integration.d365_sync.conftest import Queue, cases_of, known_case
from tests.integration.d365_sync.operators import Api, Json
from tests.support.patience import PATIENCE
from tests.support.sandbox import Sandbox

CASE: Json = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "CaseCategory": "Warranty", "CategoryType": "Service"}


async def register(queue: Queue) -> None:
    async with queue.database.connect() as connection:
        await connection.execute(
            "INSERT INTO status_sync.dealers (dealer, data_area_id, customer_account, name, active) VALUES "
            "('usmf-us-001', 'usmf', 'US-001', 'Contoso Retail', true), "
            "('usmf-us-002', 'usmf', 'US-002', '100% Tractors', false)"
        )


async def found(api: Api, q: str = "") -> list[str]:
    items = (await api.get("/d365/cases", dealer="usmf-us-001", q=q))["items"]
    return [item["case_id"] for item in items]


async def test_a_dealers_cases_are_found_by_what_they_say(api: Api, queue: Queue, d365: Sandbox) -> None:
    await register(queue)
    known = await known_case(queue)
    (tied,) = await cases_of(d365, known)
    account = ("usmf", "US-001")
    of_dealer = [one for one in await d365.cases() if (one["dataAreaId"], one["CustomerAccount"]) == account]
    others = {one["CaseId"] for one in of_dealer if one["CategoryType"] not in ("Audit", "HumanResources")}
    assert len(others) < len(of_dealer)  # cases that dealers never see cannot be linked
    pump = await d365.control("POST", "/cases", {**CASE, "Description": "O'Brien's pump drips"})
    await d365.control("POST", "/cases", {**CASE, "CustomerAccount": "US-002", "Description": "pump"})

    assert await found(api, q="BRIEN'S pump") == [pump["CaseId"]]
    assert await found(api, q=pump["CaseId"][2:].lower()) == [pump["CaseId"]]
    assert await found(api, q="nothing like it") == []
    assert set(await found(api)) == {pump["CaseId"], *others}
    (item,) = (await api.get("/d365/cases", dealer="usmf-us-001", q=known.web_case_id))["items"]
    assert (item["case_id"], item["document"]) == (tied["CaseId"], f"{known.web_case_id}-1")
    assert "notes" not in item


async def test_an_asterisk_is_refused_and_d365_is_not_asked(
    api: Api, queue: Queue, d365: Sandbox, dead_letter: str
) -> None:
    await register(queue)
    await d365.control("DELETE", "/counters")

    for text in ("*", "Brien*drips", "a\x7fb"):
        problem = await api.get("/d365/cases", 422, dealer="usmf-us-001", q=text)
        assert problem["errors"][0]["pointer"] == "?q"
    assert "asterisk" in (await api.get("/d365/cases", 422, dealer="usmf-us-001", q="*"))["errors"][0]["detail"]
    assert (await api.get("/d365/cases", 404, dealer="*"))["detail"] == "Dealer * does not exist."
    for case_id in ("*", "CASE-*", "a\x00b", "x" * 101):
        problem = await api.act(dead_letter, "link", {"reason": "r", "case_id": case_id}, 422)
        assert problem["errors"][0]["pointer"] == "/case_id"
    asked = (await d365.control("GET", "/counters"))["by_operation"]
    assert asked == {}


async def test_an_account_with_an_asterisk_finds_its_own_cases_alone(api: Api, queue: Queue, d365: Sandbox) -> None:
    await register(queue)
    async with queue.database.connect() as connection:
        await connection.execute("UPDATE status_sync.dealers SET customer_account = 'US-*' WHERE active")
    await d365.control("POST", "/cases", CASE)

    assert await found(api) == []


async def test_a_search_is_bounded(api: Api, queue: Queue, d365: Sandbox) -> None:
    await register(queue)
    await asyncio.gather(*(d365.control("POST", "/cases", CASE) for _ in range(30)))
    # A case that dealers never see uses one of the 25 places.
    await d365.control("POST", "/cases", {**CASE, "CaseCategory": "Policy violation", "CategoryType": "Audit"})

    page = await api.get("/d365/cases", dealer="usmf-us-001")

    assert (len(page["items"]), page["has_more"], page["next"]) == (24, True, None)


async def test_a_search_waits_for_nobody(
    api: Api, queue: Queue, d365: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(queue)
    await known_case(queue)  # then the dispatcher has made its own first reads
    assert (await api.get("/d365/cases", 404, dealer="nobody"))["detail"] == "Dealer nobody does not exist."
    monkeypatch.setattr(search_d365, "_TIMEOUT_SECONDS", 1.5 * PATIENCE)
    monkeypatch.setattr(search_d365, "_QUEUE_SECONDS", 0.2)
    await d365.fault(kind="hang", operation="read", id="slow")

    answers = await asyncio.gather(*(api.client.get("/v1/d365/cases?dealer=usmf-us-001") for _ in range(4)))

    assert [answer.status_code for answer in answers] == [503] * 4
    assert sum("Too many searches" in answer.json()["detail"] for answer in answers) == 2
    await d365.control("DELETE", "/faults/slow")

    await queue.pool.execute("UPDATE delivery_control SET breaker = 'open', breaker_reason = 'it does not answer'")
    refused = await api.client.get("/v1/d365/cases?dealer=usmf-us-001")
    assert refused.status_code == 503
    assert "it does not answer" in refused.json()["detail"]


async def test_dealers_show_their_documents(api: Api, queue: Queue, dead_letter: str) -> None:
    await register(queue)

    first, second = (await api.get("/dealers"))["items"]

    assert (first["dealer"], first["name"], first["open"], first["failed"]) == ("usmf-us-001", "Contoso Retail", 0, 1)
    assert (second["active"], second["failed"], second["oldest_age_seconds"]) == (False, 0, None)
    page = await api.get("/dealers", limit=1)
    assert [one["dealer"] for one in (await api.get("/dealers", cursor=page["next"]))["items"]] == ["usmf-us-002"]
    for query, slug in (
        ({"q": "100%"}, "usmf-us-002"),
        ({"failed": "true"}, "usmf-us-001"),
        ({"active": "false"}, "usmf-us-002"),
    ):
        assert [one["dealer"] for one in (await api.get("/dealers", 200, **query))["items"]] == [slug]
    assert (await api.get("/dealers", q="%"))["items"] == [second]

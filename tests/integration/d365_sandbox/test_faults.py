import asyncio
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.integration.d365_sandbox.conftest import OData, sign_in
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.sandbox import Sandbox, started

STATUSES = (400, 401, 403, 404, 408, 409, 412, 422, 429, 500, 502, 503, 504)


async def is_there(d365: Sandbox, web_case_id: str) -> bool:
    books = await d365.control("GET", f"/cases?web_case_id={web_case_id}")
    return bool(books["items"])


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
async def test_any_status_before_and_after_commit(d365: Sandbox, odata: OData, status: int, when: str) -> None:
    await d365.fault(kind="status", status=status, when=when, operation="create", count=1)

    reply = await odata.create(WebCaseId="W1")

    assert reply.status == status
    assert await is_there(d365, "W1") is (when == "after_commit")
    assert (await odata.create(WebCaseId="W2")).status == 201


@pytest.mark.parametrize(
    ("fault", "header", "has_reason"),
    [
        ({"status": 500}, None, True),
        ({"status": 500, "body": "none"}, None, False),
        ({"status": 429}, None, False),
        ({"status": 429, "retry_after_seconds": 7}, "7", False),
    ],
)
async def test_bodies_and_retry_after(
    d365: Sandbox, odata: OData, fault: dict[str, Any], header: str | None, has_reason: bool
) -> None:
    await d365.fault(kind="status", **fault)

    reply = await odata.create()

    assert reply.headers.get("Retry-After") == header
    assert (reply.body is not None and "innererror" in reply.body["error"]) is has_reason


async def test_a_late_answer_shows_what_was_so_before(d365: Sandbox, odata: OData) -> None:
    await d365.fault(kind="slow", when="after_commit", operation="read", delay_seconds=1, count=1)
    reading = asyncio.create_task(odata.found("WebCaseId eq 'W1'"))
    await eventually(lambda: d365.control("GET", "/faults"), lambda faults: faults["items"][0]["hits"] == 1)

    await odata.create(WebCaseId="W1")

    assert await reading == []
    assert await odata.found("WebCaseId eq 'W1'")


@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
async def test_dropped_connections(d365: Sandbox, odata: OData, when: str) -> None:
    await d365.fault(kind="drop", when=when, operation="create")

    with pytest.raises(aiohttp.ClientError):
        await odata.create(WebCaseId="W1")

    assert await is_there(d365, "W1") is (when == "after_commit")


async def test_late_commit_lands_after_the_client_gave_up(tmp_path: Path) -> None:
    async with started(tmp_path, timeout_seconds="0.5") as own:
        odata = await sign_in(own)
        await own.fault(kind="late_commit", delay_seconds=0.5 + PATIENCE, operation="create")

        reply = await odata.create(WebCaseId="W1")

        assert (reply.status, await is_there(own, "W1")) == (504, False)
        await eventually(lambda: is_there(own, "W1"))


async def test_hanging_ends_at_d365s_own_time_out(tmp_path: Path) -> None:
    async with started(tmp_path, timeout_seconds="0.3") as own:
        odata = await sign_in(own)
        await own.fault(kind="hang", when="after_commit", operation="create")

        assert (await odata.create(WebCaseId="W1")).status == 504
        assert await is_there(own, "W1")


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [("html", 200, "text/html"), ("redirect", 302, ""), ("not_json", 201, "json"), ("no_case_id", 201, "json")],
)
async def test_answers_that_are_none(d365: Sandbox, odata: OData, kind: str, status: int, content_type: str) -> None:
    await d365.fault(kind=kind, operation="create")
    url, headers = f"{d365.url}/data/DealerPortalCases", {"Authorization": f"Bearer {odata.token}"}
    body = {"dataAreaId": "usmf", "CaseCategory": "Breakdown", "CategoryType": "Service"}

    async with d365.session.post(url, json=body, headers=headers, allow_redirects=False) as answer:
        text = await answer.text()

    assert answer.status == status
    assert content_type in answer.headers.get("Content-Type", "")
    assert '"CaseId"' not in text


async def test_reads_can_be_blind(d365: Sandbox, odata: OData) -> None:
    await odata.create(WebCaseId="W1")
    await odata.create(WebCaseId="W2")
    wanted = "WebCaseId eq 'W1' or WebCaseId eq 'W2'"

    hide = await d365.control("POST", "/faults", {"kind": "hide_record", "web_case_id": "W1", "operation": "read"})
    assert [row["WebCaseId"] for row in await odata.found(wanted)] == ["W2"]
    await d365.control("DELETE", f"/faults/{hide['id']}")
    await d365.fault(kind="empty_list", operation="read", entity_set="DealerPortalCases")
    assert await odata.found(wanted) == []
    await d365.control("DELETE", "/faults")
    assert len(await odata.found(wanted)) == 2


async def test_a_rule_refuses_until_it_is_fixed(d365: Sandbox, odata: OData) -> None:
    rule = {"kind": "reject", "operation": "create", "fields": {"Description": "*poison*"}, "message": "Not so."}
    fault = await d365.control("POST", "/faults", rule)

    refused, other = await odata.create(Description="a Poison pill"), await odata.create(Description="fine")
    await d365.control("DELETE", f"/faults/{fault['id']}")

    assert (refused.status, other.status) == (400, 201)
    assert "Warning: Not so.;" in refused.reason
    assert (await odata.create(Description="a Poison pill")).status == 201


async def test_rate_limit_counts_what_is_in_flight(tmp_path: Path) -> None:
    # Its own sandbox: requests that earlier tests left hanging in the shared one are in flight too.
    async with started(tmp_path) as d365:
        odata = await sign_in(d365)
        await d365.fault(kind="slow", delay_seconds=PATIENCE)
        await d365.fault(kind="rate_limit", limit=3, retry_after_seconds=1)

        # the limit is checked when a request arrives, before the delay
        replies = await asyncio.gather(*(odata.call("GET", "/CasePriorities") for _ in range(8)))

        assert sorted(reply.status for reply in replies) == [200] * 3 + [429] * 5
        counters = await d365.control("GET", "/counters")
        assert counters["max_in_flight"] >= 4


async def test_fixed_latency_is_the_least_that_an_answer_takes(tmp_path: Path) -> None:
    async with started(tmp_path, latency_seconds="0.2") as own:
        odata = await sign_in(own)
        began = time.monotonic()
        await odata.create()

    assert time.monotonic() - began >= 0.2


async def test_outage_closes_every_connection(d365: Sandbox, odata: OData) -> None:
    await d365.fault(kind="outage")

    with pytest.raises(aiohttp.ClientError):
        await odata.call("GET", "/CasePriorities")


async def test_refusing_means_nobody_listens_and_ends_by_itself(tmp_path: Path) -> None:
    async with started(tmp_path) as own:
        odata = await sign_in(own)
        await own.control("POST", "/refuse", {"seconds": PATIENCE})

        async def outcome() -> str:
            try:
                return str((await odata.call("GET", "/CasePriorities")).status)
            except aiohttp.ClientConnectorError:
                return "refused"
            except aiohttp.ClientError:
                return "cut"

        await eventually(outcome, lambda seen: seen == "refused", within_seconds=5, every_seconds=0.02)
        await eventually(outcome, lambda seen: seen == "200")


@pytest.mark.parametrize("body", [{"kind": "nonsense"}, {"kind": "status"}, {"kind": "drop", "colour": "red"}])
async def test_a_wrong_fault_names_its_field(d365: Sandbox, body: dict[str, str]) -> None:
    async with d365.session.post(f"{d365.url}/_sandbox/faults", json=body) as answer:
        assert answer.status == 422
        assert (await answer.json())["errors"]


async def test_the_log_shows_requests_faults_and_no_secrets(d365: Sandbox) -> None:
    odata = await sign_in(d365)
    await d365.fault(id="rule", kind="reject", operation="create")
    await odata.create(WebCaseId="W1")

    items = (await d365.control("GET", "/requests?limit=2"))["items"]
    text = str(items)

    assert [item["operation"] for item in items] == ["create", "token"]
    assert items[0]["status"] == 400
    assert items[0]["faults"] == ["rule"]
    assert '"WebCaseId": "W1"' in items[0]["body"]
    assert "sandbox-secret" not in text
    assert odata.token not in text

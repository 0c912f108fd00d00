"""A POST lands in D365 after its case was returned to the dealer, and even submitted again.

The expected result: docs/design.md#what-if-an-answer-comes-late.

Two cases show both outcomes: one stays a draft, and one is submitted again.
D365 does not keep the Web Case ID unique here, so that nothing relies on it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest_asyncio

from tests.support import sandbox as sandboxes
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.portal import DEALER, Portal, portal
from tests.support.replicas import fleet
from tests.support.sandbox import Sandbox

# Longer than the settling time, the second POST and the following steps of operator and dealer.
LANDS_AFTER_SECONDS = 20 * PATIENCE
# A document is being verified at least this long: the test must see both while they are.
SETTLE_SECONDS = 3 * PATIENCE
MARK = "lands late"
REASON = {"reason": "D365 has refused it; please change the category"}


@pytest_asyncio.fixture
async def forgetful_d365(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """D365 without a unique Web Case ID."""
    async with sandboxes.started(tmp_path, unique_web_case_id="false", timeout_seconds="3") as running:
        yield running


@dataclass(frozen=True)
class Whole:
    """All three services, a dealer, an operator and D365."""

    dealer: Portal
    operator: httpx2.AsyncClient
    d365: Sandbox

    async def case(self, web_case_id: str) -> dict[str, Any]:
        """The case as its dealer sees it."""
        case: dict[str, Any] = (await self.dealer.call("GET", f"/cases/{web_case_id}")).json()
        return case

    async def document(self, document_id: str) -> dict[str, Any]:
        """The document as an operator sees it."""
        answer = await self.operator.get(f"/v1/documents/{document_id}")
        return {**answer.json(), "etag": answer.headers.get("ETag", "")}

    async def until(self, document_id: str, state: str, within_seconds: float = 20) -> dict[str, Any]:
        """Wait until the document is in `state`."""
        return await eventually(
            lambda: self.document(document_id), lambda one: one.get("state") == state, within_seconds=within_seconds
        )

    async def give_back(self, document: dict[str, Any]) -> httpx2.Response:
        """The operator returns it."""
        headers = {"If-Match": document["etag"]}
        return await self.operator.post(f"/v1/documents/{document['id']}/return", json=REASON, headers=headers)

    async def landed(self, *web_case_ids: str) -> None:
        """Wait until D365 has each of them, exactly once."""

        async def books() -> list[str]:
            return sorted(one["WebCaseId"] for one in await self.d365.cases() if one["WebCaseId"] in web_case_ids)

        found = await eventually(books, lambda held: len(set(held)) == len(web_case_ids), within_seconds=40)
        assert found == sorted(web_case_ids)


@asynccontextmanager
async def whole(database: Database, broker: Broker, d365: Sandbox, folder: Path) -> AsyncIterator[Whole]:
    """One replica of each service."""
    async with fleet(database, broker, d365, folder) as started:
        settings = {"D365_SETTLE_SECONDS": f"{SETTLE_SECONDS:g}"}
        api, delivery, _ = [await started.start(name, **settings) for name in ("case_api", "d365_sync", "status_sync")]
        headers = {"Authorization": f"Bearer {started.token(DEALER)}"}
        async with (
            httpx2.AsyncClient(base_url=delivery.url, headers=headers, timeout=10 * PATIENCE) as operator,
            portal(started.token(DEALER), api.url) as dealer,
        ):
            yield Whole(dealer, operator, d365)


async def test_a_post_that_lands_after_the_return_makes_the_first_submission_delivered(
    database: Database, broker: Broker, forgetful_d365: Sandbox, tmp_path: Path
) -> None:
    async with whole(database, broker, forgetful_d365, tmp_path) as world:
        kept, resubmitted = await given_back(world)
        assert (await world.operator.post("/v1/delivery/pause")).is_success
        await submit_again(world, resubmitted)
        await world.landed(kept, resubmitted)
        for web_case_id in (kept, resubmitted):
            await has_arrived_as_number_one(world, web_case_id)

        assert (await world.operator.post("/v1/delivery/resume")).is_success
        superseded = await world.until(f"{resubmitted}-2", "failed")
        assert superseded["cause"] == "superseded"
        await has_arrived_as_number_one(world, resubmitted)
        await world.landed(kept, resubmitted)


async def given_back(world: Whole) -> tuple[str, str]:
    """Two cases whose first POST has not landed yet, refused at the second attempt and returned to their dealer."""
    late = {"kind": "late_commit", "delay_seconds": LANDS_AFTER_SECONDS}
    for fault in (late, {"kind": "reject"}):
        await world.d365.fault(operation="create", text=MARK, count=2, **fault)
    web_case_ids = (await world.dealer.submit(description=MARK), await world.dealer.submit(description=MARK))
    for web_case_id in web_case_ids:
        unproven = await world.until(f"{web_case_id}-1", "verifying")
        assert (await world.give_back(unproven)).status_code == 409
    for web_case_id in web_case_ids:
        failed = await world.until(f"{web_case_id}-1", "failed")
        answer = await world.give_back(failed)
        assert answer.status_code == 200, answer.text
        await eventually(lambda number=web_case_id: world.case(number), lambda case: case["status"] == "draft")  # type: ignore[misc]
    assert not [case for case in await world.d365.cases() if case["WebCaseId"] in web_case_ids]
    return web_case_ids


async def submit_again(world: Whole, web_case_id: str) -> None:
    """The dealer changes the draft and submits it as number 2, which waits because delivery is paused."""
    path = f"/cases/{web_case_id}"
    draft = await world.dealer.call("GET", path)
    headers = {"If-Match": draft.headers["etag"], "Content-Type": "application/merge-patch+json"}
    edited = await world.dealer.call("PATCH", path, json={"description": "changed"}, headers=headers)
    assert edited.status_code == 200, edited.text
    submission = await world.dealer.call("POST", f"{path}/submission", headers={"If-Match": edited.headers["etag"]})
    assert (submission.status_code, submission.json()["submission_no"]) == (202, 2)
    await world.until(f"{web_case_id}-2", "pending")


async def has_arrived_as_number_one(world: Whole, web_case_id: str) -> None:
    """The dealer sees what D365 has: the first submission, delivered, with its content."""
    document = await world.until(f"{web_case_id}-1", "delivered")

    def holds(case: dict[str, Any]) -> bool:
        submission = case["submission"] or {}
        delivered = (submission.get("submission_no"), submission.get("state")) == (1, "delivered")
        return delivered and case["case_id"] is not None

    case = await eventually(lambda: world.case(web_case_id), holds)
    assert (document["cause"], case["status"], case["description"]) == ("evidence", "submitted", MARK)
    [booked] = [one for one in await world.d365.cases() if one["WebCaseId"] == web_case_id]
    assert case["case_id"] == booked["CaseId"]

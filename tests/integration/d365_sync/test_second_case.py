"""How an operator resolves a case that D365 has twice."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.integration.d365_sync.conftest import Queue, submitted
from tests.integration.d365_sync.operators import Api
from tests.support.sandbox import Sandbox, started


@pytest_asyncio.fixture
async def d365(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """D365 without its unique index."""
    async with started(tmp_path, unique_web_case_id="false") as running:
        yield running


async def test_who_links_to_one_of_two_has_seen_the_other(api: Api, queue: Queue, d365: Sandbox) -> None:
    event, cases = submitted(), list[str]()
    for _ in range(2):
        body = {
            "dataAreaId": "usmf", "CustomerAccount": "US-001", "CategoryType": "Service", "CaseCategory": "Warranty",
            "WebCaseId": event.web_case_id, "SubmissionId": str(event.submission_id),
        }  # fmt: skip
        cases.append((await d365.control("POST", "/cases", body))["CaseId"])
    await queue.pool.execute("UPDATE delivery_control SET paused = true")  # so that it is not sent yet
    await queue.take_in(event)
    await queue.pool.execute("UPDATE documents SET state = 'failed', cause = 'found_twice'")

    linked = await api.act(f"{event.web_case_id}-1", "link", {"reason": "this one", "case_id": cases[0]})
    await queue.dispatcher.documents.deliver_by_evidence([(event.web_case_id, event.submission_id, cases[1])])

    assert linked["case_id"] == cases[0]
    assert (await api.get(f"/documents/{event.web_case_id}-1"))["alarm"] is None

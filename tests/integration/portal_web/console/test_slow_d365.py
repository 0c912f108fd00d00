"""What the console says when D365 takes longer than a page can wait."""

import pytest

from portal_web.web.console import flow
from tests.integration.d365_sync.conftest import Queue
from tests.integration.portal_web.conftest import Browser, Portal
from tests.support.sandbox import Sandbox


async def test_a_long_comparison_leads_to_the_command_line(
    olga: Browser, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Read 0 portal cases" in (await olga.get("/console/ledger?d365=true")).text
    monkeypatch.setattr(flow, "_COMPARISON_SECONDS", 0.0)

    page = await olga.get("/console/ledger?d365=true")

    assert page.status_code == 200
    assert "casebridge ledger --d365" in page.text
    assert ("Read 0 portal cases" in page.text, "Compare with D365" in page.text) == (False, False)


async def test_a_comparison_without_an_answer_says_so(olga: Browser, queue: Queue, d365: Sandbox) -> None:
    await d365.fault(kind="outage", status=503)

    page = await olga.get("/console/ledger?d365=true")

    assert (page.status_code, "Nothing was compared." in page.text, "because it gave no answer" in page.text) == (
        200,
        True,
        True,
    )


async def test_a_link_that_d365_sync_refuses_says_why(
    olga: Browser, queue: Queue, d365: Sandbox, dead_letter: str
) -> None:
    path = f"/console/documents/{dead_letter}/link"
    form = await olga.get(path, params={"case_id": "C-1"})
    await d365.fault(kind="outage", status=503)
    refused = await olga.send(form, path, reason="made by phone")
    assert (refused.status_code, "D365 gave no answer about case C-1" in refused.text) == (503, True)
    assert "No answer came in time" not in refused.text


async def test_a_link_whose_answer_is_lost_may_have_been_made(
    portal: Portal, olga: Browser, queue: Queue, d365: Sandbox, dead_letter: str
) -> None:
    made = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "CaseCategory": "Warranty", "CategoryType": "Service"}
    case_id = (await d365.control("POST", "/cases", made))["CaseId"]
    path = f"/console/documents/{dead_letter}/link"
    form = await olga.get(path, params={"case_id": case_id})
    portal.api.mute = "POST"

    lost = await olga.send(form, path, reason="made by phone")

    assert lost.status_code == 503
    assert "No answer came in time. The document may be linked nevertheless." in lost.text
    assert await queue.pool.fetchval("SELECT case_id FROM documents WHERE cause = 'linked'") == case_id

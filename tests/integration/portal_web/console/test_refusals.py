"""What the console says when the API refuses an order: what is wrong, and never something else."""

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.integration.d365_sync.conftest import Queue
from tests.integration.portal_web.conftest import Browser, Portal
from tests.support.eventually import eventually

WRONG_REASON = "Enter a reason of at most"


@dataclass
class Gateway(httpx2.AsyncBaseTransport):
    """Answers requests of a method in the place of the API `to`."""

    to: httpx2.AsyncBaseTransport
    method: str
    status: int
    content: str

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer it, or let the API answer."""
        if request.method != self.method:
            return await self.to.handle_async_request(request)
        return httpx2.Response(self.status, headers={"location": "/maintenance"}, text=self.content, request=request)


async def two_types(queue: Queue) -> None:
    """Let D365 have two types for the category Complaint."""
    async with queue.database.connect() as connection:
        await connection.execute("DELETE FROM status_sync.categories")
        await connection.execute(
            "INSERT INTO status_sync.categories (data_area_id, category, category_type) "
            "VALUES ('usmf', 'Complaint', 'Service'), ('usmf', 'Complaint', 'Sales')"
        )


async def test_a_case_id_that_cannot_be_is_not_blamed_on_the_reason(olga: Browser, dead_letter: str) -> None:
    path = f"/console/documents/{dead_letter}/link"
    form = await olga.get(path, params={"case_id": "CAS-0001*"})

    refused = await olga.send(form, path, reason="made by phone")

    assert (refused.status_code, WRONG_REASON in refused.text) == (422, False)
    assert "Correct these fields" in refused.text
    assert WRONG_REASON in (await olga.send(form, path, reason=" ")).text


async def test_a_category_that_needs_a_type_leads_back_to_the_form(
    olga: Browser, queue: Queue, dead_letter: str
) -> None:
    await two_types(queue)
    path = f"/console/documents/{dead_letter}/edit"
    edited: dict[str, Any] = {"category": "Complaint", "category_type": "", "description": "corrected"}
    difference = await olga.send(await olga.get(path), path, **edited)

    refused = await olga.send(difference, f"{path}/replay", **edited, reason="as the dealer said")

    assert (refused.status_code, WRONG_REASON in refused.text) == (422, False)
    assert '<p class="error" id="category_type-error">' in refused.text
    assert "Choose a type: D365 has several for this category." in refused.text
    assert "corrected</textarea>" in refused.text


async def test_a_form_from_before_another_s_correction_undoes_nothing_unseen(
    olga: Browser, queue: Queue, dead_letter: str
) -> None:
    path = f"/console/documents/{dead_letter}/edit"
    stale = await olga.get(path)
    content: dict[str, Any] = {"category": "Warranty", "category_type": "Service"}
    theirs = await olga.send(await olga.get(path), path, **content, description="a colleague's correction")
    await olga.send(theirs, f"{path}/replay", **content, description="a colleague's correction", reason="theirs")
    open_ = "SELECT count(*) FROM documents WHERE state NOT IN ('failed', 'delivered')"
    await eventually(lambda: queue.pool.fetchval(open_), lambda count: count == 0)

    mine = await olga.send(stale, path, **content, description="what I typed on the old page")

    assert mine.status_code == 409
    assert "Nothing was done, because the document has changed." in mine.text
    assert "a colleague&#39;s correction</del>" in mine.text
    again = await olga.send(mine, path, back="yes", **content, description="both")
    assert "has changed" not in (await olga.send(again, path, **content, description="both")).text


@pytest.mark.parametrize("path", ["windows/5f0c0c0e-0000-4000-8000-000000000001/end", "consumers/d365-sync.submitted"])
async def test_what_ended_meanwhile_is_no_page_that_does_not_exist(olga: Browser, portal: Portal, path: str) -> None:
    late = await olga.send(await olga.get("/console/delivery"), f"/console/delivery/{path}", reason="it is over")

    assert late.status_code == 409
    assert "Nothing was done, because somebody else has changed delivery." in late.text


FOREIGN = [
    pytest.param(200, "<!doctype html><title>Maintenance</title>", id="a page"),
    pytest.param(200, "", id="nothing"),
    pytest.param(302, "", id="a redirect"),
    pytest.param(304, "", id="unchanged"),
]


@pytest.mark.parametrize(("status", "content"), FOREIGN)
async def test_what_is_no_answer_of_the_api_is_not_taken_for_one(
    portal: Portal, olga: Browser, dead_letter: str, monkeypatch: pytest.MonkeyPatch, status: int, content: str
) -> None:
    pause = await olga.get("/console/delivery")
    link = f"/console/documents/{dead_letter}/link"
    form = await olga.get(link, params={"case_id": "CAS-0001"})
    api = portal.api.to
    monkeypatch.setattr(portal.api, "to", Gateway(api, "POST", status, content))

    assert (await olga.send(pause, "/console/delivery/pause", reason="patch day")).status_code == 503
    linked = await olga.send(form, link, reason="made by phone")
    assert (linked.status_code, "may be linked nevertheless" in linked.text) == (503, True)

    monkeypatch.setattr(portal.api, "to", Gateway(api, "GET", status, content))
    assert (await olga.get("/console/documents")).status_code == 503


async def test_an_export_that_is_led_elsewhere_is_no_empty_file(
    portal: Portal, olga: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal.api, "to", Gateway(portal.api.to, "GET", 302, ""))

    assert (await olga.get("/console/audit.csv")).status_code == 503

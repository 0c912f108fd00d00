"""What the console says when the API refuses an order: what is wrong, and never something else."""

from typing import Any

import pytest

from tests.integration.d365_sync.conftest import Queue
from tests.integration.portal_web.conftest import Browser, Portal
from tests.support.eventually import eventually

WRONG_REASON = "Enter a reason of at most"


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

"""What the console says when the API refuses an order: what is wrong, and never something else."""

from typing import Any

from tests.integration.d365_sync.conftest import Queue
from tests.integration.portal_web.conftest import Browser

WRONG_REASON = "Enter a reason of at most"


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
    async with queue.database.connect() as connection:
        await connection.execute("DELETE FROM status_sync.categories")
        await connection.execute(
            "INSERT INTO status_sync.categories (data_area_id, category, category_type) "
            "VALUES ('usmf', 'Complaint', 'Service'), ('usmf', 'Complaint', 'Sales')"
        )
    path = f"/console/documents/{dead_letter}/edit"
    edited: dict[str, Any] = {"category": "Complaint", "category_type": "", "description": "corrected"}
    difference = await olga.send(await olga.get(path), path, **edited)

    refused = await olga.send(difference, f"{path}/replay", **edited, reason="as the dealer said")

    assert (refused.status_code, WRONG_REASON in refused.text) == (422, False)
    assert '<p class="error" id="category_type-error">' in refused.text
    assert "Choose a type: D365 has several for this category." in refused.text
    assert "corrected</textarea>" in refused.text

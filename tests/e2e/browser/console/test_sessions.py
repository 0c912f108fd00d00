"""What operators had typed when their session ended is in its form again after the sign-in."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser.axe import violations
from tests.e2e.browser.conftest import sign_out_elsewhere
from tests.e2e.browser.console.conftest import Operators


async def send_too_late(page: Page, button: str) -> None:
    """Send a form whose session has ended, and sign in again."""
    await sign_out_elsewhere(page)
    await page.get_by_role("button", name=button, exact=True).click()
    await expect(page.get_by_role("heading", name="You have been signed out")).to_be_visible()
    await page.get_by_role("link", name="Sign in again").click()
    await page.get_by_role("button", name="olga").click()
    await expect(page.get_by_text("Your entries are back in the form")).to_be_focused()


async def test_a_reason_a_note_and_an_edit_come_back(operators: Operators) -> None:
    (document,) = await operators.failed()
    path = f"/console/documents/{document}"
    async with operators.signed_in(to=path) as page:
        await page.get_by_label("Add a note").fill("The dealer was called.")
        await send_too_late(page, "Add")
        await expect(page.get_by_label("Add a note")).to_have_value("The dealer was called.")
        assert await violations(page) == []
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(page.get_by_role("listitem").filter(has_text="The dealer was called.")).to_be_visible()
        await expect(page.get_by_label("Add a note")).to_have_value("")

        await page.goto(f"{path}/edit")
        await page.get_by_label("Description").fill("The pump leaks and drips.")
        await page.get_by_role("button", name="Show what changes").click()
        await page.get_by_label("Reason").fill("as the dealer said")
        await send_too_late(page, "Replay this version")
        await expect(page.get_by_label("Description")).to_have_value("The pump leaks and drips.")
        await page.get_by_role("button", name="Show what changes").click()
        await expect(page.get_by_label("Reason")).to_have_value("as the dealer said")

        await page.goto(f"{path}/discard")
        await page.get_by_label("Reason").fill("It was a test.")
        await send_too_late(page, "Discard")
        await expect(page.get_by_label("Reason")).to_have_value("It was a test.")
        await page.get_by_role("button", name="Discard").click()
        await expect(page.get_by_text("The document was discarded.")).to_be_visible()

    assert await operators.state(document) == "discarded"


@pytest.mark.parametrize(
    ("path", "field", "button"),
    [
        ("/console/delivery", "#reason-pause", "Pause delivery"),
        ("/console/replays/new?cause=rejected", "#reason", "Dry run"),
    ],
)
async def test_so_does_what_concerns_many(operators: Operators, path: str, field: str, button: str) -> None:
    async with operators.signed_in(to=path) as page:
        await page.locator(field).fill("D365 is being updated.")
        await send_too_late(page, button)
        await expect(page.locator(field)).to_have_value("D365 is being updated.")


async def test_a_filter_leads_to_the_sign_in_and_back(operators: Operators) -> None:
    async with operators.signed_in(to="/console/audit") as page:
        await page.get_by_label("Who").fill("olga")
        await sign_out_elsewhere(page)
        await page.get_by_role("button", name="Filter").click()
        await page.get_by_role("button", name="olga").click()
        await expect(page).to_have_url(re.compile("/console/audit[?]actor=olga"))
        await expect(page.get_by_label("Who")).to_have_value("olga")

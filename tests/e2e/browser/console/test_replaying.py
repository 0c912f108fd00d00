"""The way from a failed document to D365, as operators do it: one, edited, and a whole group."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser.conftest import loaded
from tests.e2e.browser.console.conftest import Operators
from tests.support.patience import PATIENCE


async def press_until(page: Page, name: str, role: str = "link") -> None:
    """Press Tab until the element with this name has the focus, which must be visible."""
    await loaded(page)
    wanted = page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("element => element === document.activeElement"):
            outline = await wanted.evaluate("element => getComputedStyle(element).outlineStyle")
            assert outline != "none", f"{name} has the focus, and nothing shows it"
            return
    raise AssertionError(f"{name} is not reached by Tab")


async def test_a_document_is_replayed_by_keyboard_alone(operators: Operators) -> None:
    (document,) = await operators.failed()
    async with operators.signed_in() as page:
        await press_until(page, "Documents")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Document queue")).to_be_visible()
        await press_until(page, document)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name=document)).to_be_visible()
        await press_until(page, "Replay")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name=re.compile("Replay:"))).to_be_visible()
        await loaded(page)
        await page.keyboard.press("Tab")
        while not await page.locator("#reason").evaluate("element => element === document.activeElement"):
            await page.keyboard.press("Tab")
        await page.keyboard.type("the period is open again")
        await press_until(page, "Replay", "button")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status").get_by_text("The document is back in the queue.")).to_be_visible()

    await operators.until(document, "delivered")


async def test_without_a_script_it_works_all_the_same(operators: Operators) -> None:
    (document,) = await operators.failed()
    async with operators.signed_in(java_script_enabled=False) as page:
        await page.get_by_role("link", name="Documents", exact=True).click()
        await page.get_by_role("link", name=document).click()
        await page.get_by_role("link", name="Replay", exact=True).click()
        await page.get_by_label("Reason").fill("the period is open again")
        await page.get_by_role("button", name="Replay").click()
        await expect(page.get_by_text("The document is back in the queue.")).to_be_visible()

    await operators.until(document, "delivered")


async def test_an_edit_shows_its_difference_before_it_is_sent(operators: Operators) -> None:
    (document,) = await operators.failed()
    async with operators.signed_in(to=f"/console/documents/{document}/edit") as page:
        category = await page.get_by_label("Category (required)").input_value()
        await page.get_by_label("Category (required)").fill("")
        await page.get_by_role("button", name="Show what changes").click()
        await expect(page.get_by_role("alert")).to_contain_text("Category")
        await page.get_by_label("Category (required)").fill(category)
        await page.get_by_label("Description").fill("The <b>pump</b> leaks & drips.")
        await page.get_by_role("button", name="Show what changes").click()
        row = page.get_by_role("row", name=re.compile("Description"))
        await expect(row.locator("del")).to_have_text("The pump leaks, 0.")
        await expect(row.locator("ins")).to_have_text("The <b>pump</b> leaks & drips.")
        await page.get_by_role("button", name="Keep editing").click()
        await expect(page.get_by_label("Description")).to_have_value("The <b>pump</b> leaks & drips.")
        await page.get_by_role("button", name="Show what changes").click()
        await page.get_by_label("Reason").fill("as the dealer said by phone")
        await page.get_by_role("button", name="Replay this version").click()
        await expect(page.get_by_text("Edited since submission")).to_be_visible()

    await operators.until(document, "delivered")
    async with operators.stack.clerk() as clerk:
        (case,) = await clerk.holding(document[:-2])
    assert case["Description"] == "The <b>pump</b> leaks & drips."


@pytest.mark.timeout(240 * PATIENCE)
async def test_one_is_tried_and_then_the_group(operators: Operators) -> None:
    documents = await operators.failed(11, message="Only this group has this reason.")
    query = "state=failed&cause=rejected&q=Only%20this%20group"
    async with operators.signed_in(to=f"/console/documents/one?{query}") as page:
        await expect(page.get_by_text("Part of a group")).to_be_visible()
        tried = (await page.locator("h1").inner_text()).strip()
        await page.get_by_role("link", name="Replay", exact=True).click()
        await page.get_by_label("Reason").fill("try one")
        await page.get_by_role("button", name="Replay").click()
        await operators.until(tried, "delivered")
        await page.get_by_role("link", name="Replay the group…").click()
        await page.get_by_label("Reason").fill("and now the group")
        await page.get_by_role("button", name="Dry run").click()
        await expect(page.get_by_text("10 of 10")).to_be_visible()
        await page.get_by_role("link", name="Replay 10 documents…").click()
        await expect(page.get_by_role("heading", name="Replay 10 documents?")).to_be_visible()
        await page.get_by_label("Enter 10 to confirm").fill("11")
        await page.get_by_role("button", name="Replay 10 documents").click()
        await expect(page.get_by_text("The number does not match.")).to_be_visible()
        await page.get_by_label("Enter 10 to confirm").fill("10")
        await page.get_by_role("button", name="Replay 10 documents").click()
        await expect(page.get_by_role("heading", name="Bulk replay")).to_be_visible()
        await expect(page.get_by_text("10 of 10")).to_be_visible()

    for document in documents:
        await operators.until(document, "delivered")


async def test_what_was_decided_meanwhile_is_shown_and_not_done_twice(operators: Operators) -> None:
    (document,) = await operators.failed()
    async with operators.signed_in(to=f"/console/documents/{document}/discard") as page:
        async with operators.signed_in("olga", to=f"/console/documents/{document}/return") as other:
            await other.get_by_label("Reason").fill("name the machine")
            await other.get_by_role("button", name="Return to the dealer").click()
            await expect(other.get_by_text("The document was returned to the dealer.")).to_be_visible()
        await page.get_by_label("Reason").fill("a test")
        await page.get_by_role("button", name="Discard").click()
        await expect(page.get_by_role("alert")).to_contain_text("the document has changed")
        await expect(page.get_by_role("alert")).to_contain_text("Returned")
        assert await page.get_by_role("button", name="Discard").count() == 0

    assert await operators.state(document) == "returned"


async def test_a_case_of_d365_is_found_and_linked(operators: Operators) -> None:
    (document,) = await operators.failed()
    async with operators.stack.clerk() as clerk:
        born = {
            "dataAreaId": "usmf",
            "CustomerAccount": "US-001",
            "CaseCategory": "Warranty",
            "CategoryType": "Service",
        }
        made = (await clerk.http.post("/_sandbox/cases", json={**born, "Description": "Entered by phone"})).json()
    async with operators.signed_in(to=f"/console/documents/{document}/link") as page:
        await page.get_by_role("searchbox").fill("by phone")
        await page.get_by_role("button", name="Search in D365").click()
        await page.get_by_role("link", name=f"Choose {made['CaseId']}").click()
        await page.get_by_label("Reason").fill("the dealer called on Monday")
        await page.get_by_role("button", name="Link").click()
        await expect(page.get_by_text("The document is linked.")).to_be_visible()
        await expect(page.get_by_text(made["CaseId"]).first).to_be_visible()

    assert await operators.state(document) == "delivered"

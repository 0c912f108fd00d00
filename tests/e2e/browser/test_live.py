"""A page misses no change of a status, and says it to those who do not see it."""

import asyncio
import uuid

from playwright.async_api import Route, expect

from tests.e2e.browser.conftest import Visitors
from tests.e2e.browser.pages import LIST


async def test_what_changes_before_the_page_can_hear_of_it_is_shown_and_reported(visitors: Visitors) -> None:
    """Over a slow line, the stream of changes opens long after the page was made."""
    async with visitors.stack.dealer("usmf-us-001") as api, visitors.stack.clerk() as clerk, visitors.dealer() as page:
        case = (await api.submitted(uuid.uuid4().hex, description="Changed at once"))["web_case_id"]
        number = (await api.until_in_d365(case))["case_id"]
        changed = asyncio.Event()

        async def late(route: Route) -> None:
            await changed.wait()
            await route.continue_()

        await page.route("**/stream", late)
        for address, before, after in ((f"{LIST}/{case}", "InProcess", "Planned"), (LIST, "InProcess", "Closed")):
            changed.clear()
            await clerk.move("usmf", number, before)
            await api.until(case, status="in_process")
            await page.goto(address)
            shown = page.locator("#progress" if address != LIST else f"[data-case={case}] [data-cell=status]")
            await expect(shown).to_contain_text("In process")
            await clerk.move("usmf", number, after)
            status, word = {"Planned": ("open", "Open"), "Closed": ("closed", "Closed")}[after]
            await api.until(case, status=status)
            changed.set()
            await expect(shown).to_contain_text(word)
            await expect(page.locator("#announcer")).to_contain_text(f"{case}: {word}")

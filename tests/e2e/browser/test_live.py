"""A page misses no change of a status, and says it to those who do not see it."""

import asyncio
import uuid

from playwright.async_api import Request, Route, expect

from tests.e2e.browser.conftest import Visitors, loaded
from tests.e2e.browser.pages import LIST
from tests.e2e.browser.world import done, order, refusing
from tests.support.eventually import eventually

# A page in a background tab, until `look()`.
HIDDEN = """() => {
  let hidden = true;
  Object.defineProperty(document, "hidden", { get: () => hidden });
  window.look = () => { hidden = false; document.dispatchEvent(new Event("visibilitychange")); };
}"""


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


async def test_a_case_that_leaves_its_dealer_leaves_the_pages_that_show_it(visitors: Visitors) -> None:
    theirs = {
        "dataAreaId": "usmf", "CustomerAccount": "US-001", "CaseCategory": "Warranty", "CategoryType": "Service",
        "Description": "Entered by phone, for the wrong dealer",
    }  # fmt: skip
    async with visitors.stack.dealer("usmf-us-001") as api, visitors.stack.clerk() as clerk:
        number = done(await clerk.http.post("/_sandbox/cases", json=theirs))["CaseId"]

        async def found() -> str | None:
            items = (await api.call("GET", "/cases", params={"q": number})).json()["items"]
            return str(items[0]["web_case_id"]) if items else None

        case = await eventually(found, within_seconds=30)
        async with visitors.dealer() as page, visitors.dealer() as listed:
            async with page.expect_response("**/stream"):
                await page.goto(f"{LIST}/{case}")
            async with listed.expect_response("**/stream"):
                await listed.goto(f"{LIST}?q={number}")
            await expect(page.locator("#progress")).to_contain_text(number)
            row = listed.locator(f"[data-case={case}]")
            await row.get_by_role("link", name=f"View case {case}").focus()
            moved = f"/_sandbox/cases/usmf/{number}?event=true"
            done(await clerk.http.patch(moved, json={"CustomerAccount": "US-002"}))
            await expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
            await expect(row).to_have_count(0)
            await expect(listed.locator("#news")).to_be_visible()
            await expect(listed.locator("#main")).to_be_focused()


async def test_a_page_in_the_background_takes_no_connection_until_somebody_looks(visitors: Visitors) -> None:
    async with visitors.dealer() as page:
        streams: list[str] = []

        def count(request: Request) -> None:
            if request.url.endswith("/stream"):
                streams.append(request.url)

        await page.add_init_script(f"({HIDDEN})()")
        page.on("request", count)
        await page.goto(LIST)
        await loaded(page)
        assert streams == []
        async with page.expect_request("**/stream"):
            await page.evaluate("look()")


async def test_a_case_that_comes_back_while_its_dealer_looks_can_be_edited_there(visitors: Visitors) -> None:
    async with visitors.stack.dealer("usmf-us-001") as api, visitors.stack.clerk() as clerk:
        content = {"category": (await api.category())["category"], "description": "It comes back"}
        saved = await api.call("POST", "/cases", json=content)
        case = saved.json()["web_case_id"]
        async with refusing(clerk, "It comes back", "The machine is unknown."):
            done(await api.call("POST", f"/cases/{case}/submission", headers={"If-Match": '"1"'}))
            await api.until(case, submission_state="failed")
        async with visitors.dealer() as page, visitors.stack.operator() as operator:
            await page.goto(f"{LIST}/{case}")
            await expect(page.locator("#progress")).to_contain_text("The machine is unknown.")
            await page.get_by_role("button", name="Copy to a new draft").focus()
            await order(operator, f"{case}-1", "return", "Which machine is it?")
            await expect(page.locator("#progress")).to_contain_text("Correct it and submit it again.")
            await expect(page.get_by_role("button", name="Copy to a new draft")).to_be_focused()
            await page.locator("#actions").get_by_role("link", name="Edit").click()
            await expect(page.get_by_label("Description")).to_have_value("It comes back")

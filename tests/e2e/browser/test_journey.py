"""A dealer's whole journey: by mouse, by keyboard only, and without JavaScript."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from playwright.async_api import Dialog, Page, Route, expect

from tests.e2e.browser.axe import violations
from tests.e2e.browser.conftest import Visitors, loaded, sign_in, sign_out_elsewhere
from tests.e2e.browser.pages import LIST
from tests.e2e.browser.world import World, done
from tests.support.eventually import eventually

SCHEME = "() => getComputedStyle(document.documentElement).colorScheme"


async def write(page: Page, description: str) -> None:
    """Fill in a new case."""
    await page.get_by_role("link", name="Create Case").first.click()
    await page.get_by_label("Category").select_option(index=1)
    await page.get_by_label("Description").fill(description)
    await page.get_by_label("Name", exact=True).fill("Ann")


async def finish(page: Page) -> str:
    """Finish and submit; returns the Web Case ID."""
    await page.get_by_role("button", name="Finish").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("You cannot undo this")
    await dialog.get_by_role("button", name="Submit").click()
    await expect(page.locator("#notice")).to_contain_text("is submitted")
    return page.url.rpartition("/")[2]


async def test_a_case_goes_to_d365_and_its_status_comes_back_while_its_dealer_looks(visitors: Visitors) -> None:
    async with visitors.dealer() as page, visitors.stack.clerk() as clerk:
        await write(page, "The hydraulic pump leaks.")
        case = await finish(page)
        await expect(page.locator("#progress")).to_contain_text("In D365")
        await expect(page.locator("#progress")).to_contain_text("CASE-")
        (held,) = await clerk.holding(case)
        await clerk.move("usmf", held["CaseId"], "InProcess")
        await expect(page.locator("#progress")).to_contain_text("In process")
        await expect(page.locator("#announcer")).to_contain_text(f"{case}: In process")
        await page.goto(LIST)
        row = page.locator(f"[data-case={case}]")
        await expect(row).to_contain_text("In process")
        await page.get_by_label("Search by").focus()
        place = await row.bounding_box()
        await clerk.move("usmf", held["CaseId"], "Closed")
        await expect(row.locator("[data-cell=status]")).to_contain_text("Closed")
        await expect(page.get_by_label("Search by")).to_be_focused()
        assert await row.bounding_box() == place, "rows do not move"


async def test_a_refused_case_is_reported_with_its_reason(visitors: Visitors) -> None:
    async with visitors.dealer() as page, visitors.stack.clerk() as clerk:
        await write(page, "D365 will say no.")
        await page.get_by_role("button", name="Save & Close").click()
        case = (await page.locator("#notice").inner_text()).split()[1]
        rule = {"kind": "reject", "operation": "create", "web_case_id": case, "message": "The machine is unknown."}
        fault = (await clerk.http.post("/_sandbox/faults", json=rule)).json()["id"]
        await page.get_by_label(f"Edit draft {case}", exact=True).click()
        await finish(page)
        await expect(page.locator("#progress")).to_contain_text("the support team is handling it")
        await expect(page.locator("#progress")).to_contain_text("The machine is unknown.")
        await page.goto(LIST)
        await expect(page.locator(f"[data-case={case}]")).to_contain_text("Not delivered")
        await clerk.http.delete(f"/_sandbox/faults/{fault}")


async def test_a_page_that_looked_before_the_state_was_stored_shows_it_then(visitors: Visitors) -> None:
    async with visitors.dealer() as page, visitors.stack.clerk() as clerk:
        await write(page, "D365 will say no, and case-api hears it late.")
        await page.get_by_role("button", name="Save & Close").click()
        case = (await page.locator("#notice").inner_text()).split()[1]
        rule = {"kind": "reject", "operation": "create", "web_case_id": case, "message": "The machine is unknown."}
        fault = (await clerk.http.post("/_sandbox/faults", json=rule)).json()["id"]
        await page.get_by_label(f"Edit draft {case}", exact=True).click()
        async with unstored(visitors, case):
            await finish(page)
            await expect(page.locator("#announcer")).to_contain_text(f"{case}: Delivery failed")
            await page.wait_for_load_state("networkidle")
            await expect(page.locator("#progress")).not_to_contain_text("The machine is unknown.")
        await expect(page.locator("#progress")).to_contain_text("The machine is unknown.")
        await clerk.http.delete(f"/_sandbox/faults/{fault}")


@asynccontextmanager
async def unstored(visitors: Visitors, case: str) -> AsyncIterator[None]:
    """Within the block, case-api does not store d365-sync's report about the case's submission.

    Delivery is paused until then: d365-sync must not report before the row can be locked.
    """
    connection = await asyncpg.connect(visitors.stack.database_url)
    over = asyncio.Event()

    async def hold() -> None:
        held = "SELECT 1 FROM case_api.submission_states WHERE web_case_id = $1 FOR UPDATE"
        async with connection.transaction():

            async def locked() -> bool:
                return bool(await connection.fetch(held, case))

            assert await eventually(locked, within_seconds=20)
            await steer(visitors, "resume")
            await over.wait()

    await steer(visitors, "pause")

    holding = asyncio.create_task(hold())
    try:
        yield
    finally:
        over.set()
        await holding
        await connection.close()


async def steer(visitors: Visitors, how: str) -> None:
    """Pause or resume delivery."""
    async with visitors.stack.operator() as operator:
        done(await operator.post(f"/v1/delivery/{how}", json={"reason": "a test looks at what happens meanwhile"}))


async def test_searching_as_one_types_keeps_the_address_and_back_works(visitors: Visitors) -> None:
    async with visitors.dealer() as page:
        await write(page, "To be found")
        await page.get_by_role("button", name="Save & Close").click()
        case = (await page.locator("#notice").inner_text()).split()[1]
        await page.goto(LIST)
        await page.get_by_label("Search by").press_sequentially(case.lower(), delay=30)
        await expect(page).to_have_url(re.compile(rf"\?q={case.lower()}$"))
        await expect(page.locator("tbody tr")).to_have_count(1)
        await expect(page.locator("#announcer")).to_contain_text("1 case")
        await page.get_by_role("checkbox", name="Closed").check(force=True)
        await expect(page.get_by_role("heading", name="No matching cases")).to_be_visible()
        await expect(page).to_have_url(re.compile("status=closed"))
        await page.go_back()
        await expect(page.locator("tbody tr")).to_have_count(1)
        await expect(page.get_by_role("checkbox", name="Closed")).not_to_be_checked()
        await page.get_by_role("link", name="Remove filter").first.click()
        await expect(page).to_have_url(re.compile(rf"{LIST}$"))
        await loaded(page)
        await page.locator("#sort-status").click()
        await expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Status")
        await expect(page.locator("#sort-status")).to_be_focused()


async def test_two_clicks_submit_once(visitors: Visitors) -> None:
    async with visitors.dealer() as page, visitors.stack.clerk() as clerk:
        await write(page, "Twice")
        await page.get_by_role("button", name="Finish").dblclick()
        await page.get_by_role("dialog").get_by_role("button", name="Submit").dblclick()
        await expect(page.locator("#progress")).to_contain_text("In D365")
        case = page.url.rpartition("/")[2]
        await page.reload()
        await page.go_back()
        await page.go_back()
        async with visitors.stack.dealer("usmf-us-001") as api:
            await api.until(case, submission_state="delivered")
        assert len(await clerk.holding(case)) == 1


async def unsaved(route: Route) -> None:
    """Fail the portal's autosave requests."""
    if route.request.method == "POST":
        await route.fulfill(status=503, json={"message": "Not now."})
    else:
        await route.continue_()


async def asked_and_stayed(page: Page, typed: str) -> None:
    """Go to the list; the browser asks, the user stays, and the typed text is still there."""
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    await loaded(page)
    page.on("dialog", stay)
    await page.get_by_role("link", name="Case", exact=True).first.click(no_wait_after=True)

    async def dialogs() -> list[str]:
        return asked

    assert await eventually(dialogs) == ["beforeunload"]
    await expect(page.get_by_label("Description")).to_have_value(typed)


async def test_a_draft_is_saved_as_one_types_and_nobody_leaves_with_less(visitors: Visitors) -> None:
    async with visitors.dealer() as page:
        await page.route("**/new?key=*", unsaved)
        await write(page, "first")
        await asked_and_stayed(page, "first")
        await page.unroute("**/new?key=*", unsaved)
        await page.get_by_role("button", name="Save & Close").click()
        case = (await page.locator("#notice").inner_text()).split()[1]
        await page.goto(f"{LIST}/{case}/edit")
        await page.get_by_label("Description").fill("second")
        await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await page.reload()
        await expect(page.get_by_label("Description")).to_have_value("second")
        await page.get_by_label("Description").fill("third, and at once the button")
        await page.get_by_role("button", name="Save & Close").click()
        await expect(page.locator(f"[data-case={case}]")).to_contain_text("third, and at once the button")


async def test_nobody_leaves_unasked_while_a_save_is_under_way(visitors: Visitors) -> None:
    saving, answer = asyncio.Event(), asyncio.Event()

    async def slow(route: Route) -> None:
        if route.request.method == "POST":
            saving.set()
            await answer.wait()
        await route.continue_()

    async with visitors.dealer() as page:
        await page.route("**/new?key=*", slow)
        await write(page, "On its way")
        await saving.wait()
        await asked_and_stayed(page, "On its way")
        answer.set()
        await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await page.get_by_role("link", name="Case", exact=True).first.click()
        await expect(page.get_by_role("heading", name="Cases")).to_be_visible()


async def test_what_was_typed_when_the_session_ended_comes_back(visitors: Visitors) -> None:
    async with visitors.dealer() as page:
        await write(page, "Typed for an hour")
        await sign_out_elsewhere(page)
        await page.get_by_role("button", name="Save & Close").click()
        await expect(page.get_by_role("heading", name="You have been signed out")).to_be_visible()
        await page.get_by_role("link", name="Sign in again").click()
        await page.get_by_role("button", name="dana").click()
        await expect(page.get_by_label("Description")).to_have_value("Typed for an hour")
        await page.get_by_role("button", name="Save & Close").click()
        await expect(page.locator("#notice")).to_contain_text("is saved")


async def test_a_new_case_is_saved_as_one_types_and_its_page_becomes_the_draft_s(visitors: Visitors) -> None:
    async with visitors.dealer() as page:
        await write(page, "first")
        await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await expect(page).to_have_url(re.compile(r"/cases/W\w+/edit$"))
        case = page.url.split("/")[-2]
        await expect(page.get_by_role("heading", name=f"Draft {case}")).to_be_visible()
        await page.get_by_label("Description").fill("second")
        await page.get_by_role("button", name="Save & Close").click()
        await expect(page.locator(f"[data-case={case}]")).to_contain_text("second")
        await write(page, "another, and away at once")
        await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await page.get_by_role("button", name="Cancel").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.locator("#notice")).to_contain_text("is deleted")


async def test_what_is_typed_before_the_script_has_loaded_is_saved_too(visitors: Visitors) -> None:
    async with visitors.dealer() as page:
        typed = asyncio.Event()

        async def late(route: Route) -> None:
            await typed.wait()
            await route.continue_()

        await page.route(re.compile(r"/form\b.*\.js"), late)
        await write(page, "typed at once")
        typed.set()
        await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await page.get_by_role("button", name="Cancel").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.locator("#notice")).to_contain_text("is deleted")


async def test_two_tabs_that_sign_in_again_get_each_its_own_text(visitors: Visitors) -> None:
    async with visitors.dealer() as page:
        other, looking = await page.context.new_page(), await page.context.new_page()
        await other.goto(LIST)
        await looking.goto(LIST)
        tabs = {page: "the first tab's text", other: "the second tab's text"}
        for tab, text in tabs.items():
            await write(tab, text)
        await sign_out_elsewhere(page)
        for tab in tabs:
            await tab.get_by_role("button", name="Save & Close").click()
            await expect(tab.get_by_role("heading", name="You have been signed out")).to_be_visible()
        await looking.evaluate("fetch(location.href)")
        for tab in tabs:
            await tab.get_by_role("link", name="Sign in again").click()
        for tab, text in tabs.items():
            await tab.get_by_role("button", name="dana").click()
            await expect(tab.get_by_label("Description")).to_have_value(text)
        for tab in tabs:
            await tab.get_by_role("button", name="Save & Close").click()
            await expect(tab.locator("#notice")).to_contain_text("is saved")


async def test_cancel_deletes_or_keeps_editing(visitors: Visitors) -> None:
    async with visitors.dealer() as page:
        await write(page, "To be deleted")
        await page.get_by_role("button", name="Save & Close").click()
        case = (await page.locator("#notice").inner_text()).split()[1]
        await page.get_by_label(f"Edit draft {case}", exact=True).click()
        await page.get_by_role("button", name="Cancel").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_role("button", name="Keep editing")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await page.get_by_role("button", name="Cancel").click()
        await dialog.get_by_role("button", name="Delete").click()
        await expect(page.locator("#notice")).to_contain_text(f"{case} is deleted")
        await expect(page.locator(f"[data-case={case}]")).to_have_count(0)


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element with this name has the focus."""
    await loaded(page)
    for _ in range(60):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(
            "() => { const one = document.activeElement; return one.labels?.[0]?.innerText ?? "
            "one.getAttribute('aria-label') ?? one.innerText ?? ''; }"
        )
        if name in focused:
            return
    raise AssertionError(f"{name} is not reached by Tab")


async def test_the_whole_journey_by_keyboard_alone(visitors: Visitors) -> None:
    async with visitors.visitor() as page:
        await page.goto("/")
        await tab_to(page, "Sign in")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/authorize?**")
        await tab_to(page, "dana")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**{LIST}")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        await page.keyboard.press("Enter")
        await tab_to(page, "Create Case")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/new?key=*")
        await tab_to(page, "Category")
        await page.keyboard.press("ArrowDown")
        await tab_to(page, "Description")
        await page.keyboard.type("By keyboard")
        await tab_to(page, "Finish")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog").get_by_text("Keep editing")).to_be_focused()
        await tab_to(page, "Submit")
        await page.keyboard.press("Enter")
        await expect(page.locator("#notice")).to_be_focused()
        await expect(page.locator("#notice")).to_contain_text("is submitted")
        assert await violations(page) == []
        await tab_to(page, "Copy to a new draft")
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Description")).to_have_value("By keyboard")
        await tab_to(page, "Cancel")
        await page.keyboard.press("Enter")
        await tab_to(page, "Delete")
        await page.keyboard.press("Enter")
        await expect(page.locator("#notice")).to_contain_text("is deleted")


async def test_the_whole_journey_without_javascript(visitors: Visitors) -> None:
    async with visitors.visitor(java_script_enabled=False) as page:
        await sign_in(page, "dana", LIST)
        await write(page, "Without JavaScript")
        await page.get_by_role("button", name="Finish").click()
        await page.get_by_role("dialog").get_by_role("button", name="Submit").click()
        await expect(page.locator("#notice")).to_contain_text("is submitted")
        case = page.url.rpartition("/")[2]
        await page.goto(LIST)
        await page.get_by_label("Search by").fill(case)
        await page.get_by_role("button", name="Search").click()
        await expect(page.locator("tbody tr")).to_have_count(1)
        await page.locator("#sort-category").click()
        await expect(page.locator("th[aria-sort]")).to_contain_text("Category")
        await page.get_by_label(f"Copy {case} to a new draft").click()
        await expect(page.get_by_label("Description")).to_have_value("Without JavaScript")
        draft = page.url.split("/")[-2]
        await page.goto(LIST)
        await page.get_by_label(f"Delete draft {draft}", exact=True).click()
        await page.get_by_role("button", name="Delete").click()
        await expect(page.locator("#notice")).to_contain_text("is deleted")


@pytest.mark.parametrize("dealer", ["usmf-us-001", "usmf-us-002"])
async def test_a_user_of_two_dealers_switches_between_them(visitors: Visitors, dealer: str) -> None:
    other = {"usmf-us-001": "usmf-us-002", "usmf-us-002": "usmf-us-001"}[dealer]
    async with visitors.dealer("theo", dealer) as page:
        await page.locator("details.menu summary").first.click()
        await page.get_by_role("link", name=other).click()
        await expect(page).to_have_url(re.compile(f"/dealers/{other}/cases$"))


async def test_a_case_on_paper_is_the_case_alone(visitors: Visitors, world: World) -> None:
    async with visitors.dealer("theo") as page:
        await page.context.add_cookies([{"name": "theme", "value": "dark", "url": visitors.url}])
        await page.goto(f"{LIST}/{world.delivered}")
        assert await page.evaluate(SCHEME) == "dark"
        await page.emulate_media(media="print")
        assert await page.evaluate(SCHEME) == "light", "ink is dear"
        for gone in ("header.top", ".trail", ".toolbar"):
            await expect(page.locator(gone)).to_be_hidden()
        assert [one for one in await page.get_by_role("button").all() if await one.is_visible()] == []
        for kept in (f"Case {world.delivered}", "Status", "Details", "What happened"):
            await expect(page.get_by_role("heading", name=kept)).to_be_visible()

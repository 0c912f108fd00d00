"""What a dealer sees, hears and types stays, whatever else fails; the focus stays with the dealer."""

import re

import pytest
from playwright.async_api import Request, Route, expect

from tests.e2e.browser.axe import violations
from tests.e2e.browser.conftest import Visitors, loaded
from tests.e2e.browser.pages import LIST
from tests.e2e.browser.test_journey import write


async def test_the_list_stays_when_it_cannot_be_asked_for_and_comes_back(visitors: Visitors) -> None:
    trouble = {"kind": "503"}

    async def fail(route: Route) -> None:
        if route.request.headers.get("hx-request") is None or not trouble["kind"]:
            await route.continue_()
        elif trouble["kind"] == "503":
            await route.fulfill(status=503, content_type="text/html", body="<main>away</main>")
        elif trouble["kind"] == "proxy":
            await route.fulfill(status=200, content_type="text/html", body="<p>maintenance</p>")
        else:
            await route.abort()

    async with visitors.dealer() as page:
        await write(page, "It stays where it is")
        await page.get_by_role("button", name="Save & Close").click()
        case = (await page.locator("#notice").inner_text()).split()[1]
        await page.goto(LIST)
        await page.route(re.compile(LIST), fail)
        alert, row = page.get_by_role("alert"), page.locator(f"[data-case={case}]")
        for kind, text in (("503", case[:4]), ("proxy", case[:5]), ("network", case)):
            trouble["kind"] = kind
            await page.get_by_label("Search by").fill(text)
            await expect(alert).to_contain_text("is not responding")
            await expect(row).to_be_visible()
            await expect(page.get_by_label("Search by")).to_be_focused()
        trouble["kind"] = ""
        await expect(page).to_have_url(re.compile(rf"q={case}$"))  # asked again by itself
        await expect(alert).to_have_count(0)
        trouble["kind"] = "503"
        await page.get_by_label(f"Delete draft {case}").click()
        await expect(alert).to_contain_text("try again")
        await expect(row).to_be_visible()
        trouble["kind"] = ""
        await page.get_by_text("More filters").click()
        await page.get_by_label("Created from").focus()
        await page.keyboard.type("01310002")
        await expect(page).to_have_url(re.compile(rf"q={case}$"))
        await expect(row).to_be_visible()


# Whether what is in the way of the message's upper edge is the message.
IN_SIGHT = """() => {
  const line = document.getElementById("trouble"), { x, y, width } = line.getBoundingClientRect();
  return line.contains(document.elementFromPoint(x + width / 2, y + 4));
}"""


@pytest.mark.parametrize("width", [1280, 390])
async def test_trouble_stays_in_sight_on_a_long_page(visitors: Visitors, width: int) -> None:
    async def fail(route: Route) -> None:
        await route.fulfill(status=503, content_type="text/html", body="<main>away</main>")

    async with visitors.dealer(viewport={"width": width, "height": 700}) as page:
        await page.route(re.compile(LIST), fail)
        await page.evaluate("() => { document.querySelector('main').style.minHeight = '3000px'; }")
        await page.get_by_label("Search by").fill("anything")
        await expect(page.get_by_role("alert")).to_contain_text("is not responding")
        for down in (0, 60, 1500):
            await page.evaluate("down => scrollTo(0, down)", down)
            assert await page.evaluate(IN_SIGHT), f"{down} pixels down"


async def test_the_focus_stays_where_the_dealer_is(visitors: Visitors) -> None:
    async with visitors.dealer() as page:
        await write(page, "Focus")
        await page.get_by_role("button", name="Save & Close").click()
        await expect(page.locator("#notice")).to_be_focused()
        case = (await page.locator("#notice").inner_text()).split()[1]
        box = page.get_by_label("Search by")
        await box.press_sequentially(case[:6], delay=30)
        await expect(page).to_have_url(re.compile(rf"q={case[:6]}"))
        await expect(page.locator("#announcer")).to_contain_text("case")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await expect(box).to_be_focused()
        opener = page.get_by_label(f"Delete draft {case}")
        for way in ("Escape", "Keep draft"):
            await opener.press("Enter")
            dialog = page.get_by_role("dialog")
            await expect(dialog.get_by_role("link", name="Keep draft")).to_be_focused()
            await (page.keyboard.press("Escape") if way == "Escape" else dialog.get_by_text(way).click())
            await expect(dialog).to_have_count(0)
            await expect(opener).to_be_focused()
        await page.get_by_label(f"Edit draft {case}", exact=True).click()
        await page.get_by_role("button", name="Finish").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        await loaded(page)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="Finish")).to_be_focused()


async def test_what_is_pasted_is_not_cut_and_too_much_is_said(visitors: Visitors) -> None:
    async with visitors.dealer() as page:
        await page.get_by_role("link", name="Create Case").first.click()
        name = page.get_by_label("Name", exact=True)
        await name.fill("é" * 180)
        await expect(page.locator("#contact_name-count")).to_have_text("Characters left: 20")
        await name.fill("x" * 201)
        await expect(name).to_have_attribute("aria-invalid", "true")
        await expect(page.locator("#announcer")).to_contain_text("Too long by 1 characters. Nothing was cut off")
        assert await violations(page) == []
        await name.fill("x" * 10)
        await expect(page.locator("#contact_name-count")).to_be_hidden()
        await expect(name).not_to_have_attribute("aria-invalid", "true")


async def test_the_zone_is_the_browser_s_and_an_unknown_one_loads_no_page_for_ever(visitors: Visitors) -> None:
    async with visitors.stack.dealer("usmf-us-001") as api:
        saved = await api.call("POST", "/cases", json={"description": "The list has a time"})
        assert saved.status_code == 201, saved.text
    async with visitors.dealer(timezone_id="America/Santiago") as page:
        time = page.locator("tbody time").first
        await expect(time).to_have_attribute("title", re.compile("Chile"))
    async with visitors.dealer(timezone_id="Asia/Kolkata", locale="en-GB") as page:  # the cookie says Berlin or nothing
        time = page.locator("tbody time").first
        await expect(time).to_have_attribute("title", re.compile(r"GMT\+05:30|India"))
        await expect(time).to_have_text(re.compile(r"\d\d/\d\d/\d{4}"))
        await page.add_init_script(
            "const known = Intl.DateTimeFormat.prototype.resolvedOptions;"
            "Intl.DateTimeFormat.prototype.resolvedOptions = function () {"
            " return { ...known.call(this), timeZone: 'Mars/Olympus' }; };"
        )
        loads: list[str] = []

        def count(request: Request) -> None:
            if request.is_navigation_request():
                loads.append(request.url)

        page.on("request", count)
        await page.goto(LIST)
        await expect(time).to_have_attribute("title", re.compile("UTC|GMT$|Coordinated Universal Time"))
        await page.wait_for_load_state("networkidle")
        assert len(loads) <= 2

"""What a button of the form does when saving takes long, is stopped, or fails: nothing typed is lost."""

import asyncio
import re
from urllib.parse import parse_qs

import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.browser.conftest import Visitors, loaded
from tests.e2e.browser.pages import LIST
from tests.e2e.browser.test_journey import write


def action(route: Route) -> str:
    """What the form is sent for; empty if a page is only opened."""
    return parse_qs(route.request.post_data or "").get("action", [""])[0]


async def deleted(page: Page) -> None:
    """Cancel the draft; nothing asks whether to leave."""
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.locator("#notice")).to_contain_text("is deleted")


async def test_a_button_says_that_it_saves_and_sends_once(visitors: Visitors) -> None:
    answer, sent = asyncio.Event(), []

    async def slow(route: Route) -> None:
        sent.append(action(route))
        if action(route) == "autosave":
            await answer.wait()
        await route.continue_()

    async with visitors.dealer() as page:
        await page.route(re.compile("/new|/edit"), slow)
        await write(page, "On its way")
        button = page.get_by_role("button", name="Save & Close")
        await button.dblclick()
        await expect(page.locator("#saved")).to_have_text("Saving …")
        answer.set()
        await expect(page.locator("#notice")).to_contain_text("is saved")
        assert [one for one in sent if one] == ["autosave", "close"]


@pytest.mark.parametrize("kind", ["network", "proxy"])
async def test_a_button_keeps_the_page_while_the_service_is_away(visitors: Visitors, kind: str) -> None:
    async def fail(route: Route) -> None:
        if route.request.method != "POST":
            await route.continue_()
        elif kind == "network":
            await route.abort()
        else:
            await route.fulfill(status=502, content_type="text/html", body="<p>Bad gateway</p>")

    async with visitors.dealer() as page:
        await page.route(re.compile("/new|/edit"), fail)
        await write(page, "Typed where there is no network")
        await loaded(page)
        await page.get_by_role("button", name="Save & Close").click()
        await expect(page.locator("#saved")).to_contain_text("Not saved: the service is not responding")
        await expect(page.get_by_label("Description")).to_have_value("Typed where there is no network")
        await page.unroute_all()
        await page.get_by_role("button", name="Save & Close").click()
        await expect(page.locator("#notice")).to_contain_text("is saved")


@pytest.mark.parametrize("status", [408, 413, 429])
async def test_a_button_keeps_the_page_while_autosave_is_refused_for_now(visitors: Visitors, status: int) -> None:
    async def refuse(route: Route) -> None:
        if action(route) == "autosave":
            await route.fulfill(status=status, json={"message": "This is too long."})
        else:
            await route.continue_()

    async with visitors.dealer() as page:
        await page.route(re.compile("/new|/edit"), refuse)
        await write(page, "Typed where a limit is reached")
        await loaded(page)
        await page.get_by_role("button", name="Save & Close").click()
        await expect(page.locator("#saved")).to_have_text(
            "This is too long." if status == 413 else "Not saved: the service is not responding. Trying again."
        )
        await expect(page.get_by_label("Description")).to_have_value("Typed where a limit is reached")
        await page.unroute_all()
        if status != 413:
            await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await page.get_by_role("button", name="Save & Close").click()
        await expect(page.locator("#notice")).to_contain_text("is saved")


@pytest.mark.parametrize("kind", ["new", "draft"])
async def test_a_save_whose_answer_is_lost_is_no_conflict_with_what_is_typed_on(visitors: Visitors, kind: str) -> None:
    lost = asyncio.Event()

    async def lose(route: Route) -> None:
        if action(route) != "autosave" or lost.is_set():
            await route.continue_()
            return
        await route.fetch()
        await route.abort()
        lost.set()

    async with visitors.dealer() as page:
        await write(page, "first")
        if kind == "draft":
            await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await page.route(re.compile("/new|/edit"), lose)
        description, saved = page.get_by_label("Description"), page.locator("#saved")
        await description.fill("second")
        await expect(saved).to_contain_text("the service is not responding")
        await description.fill("third")
        await expect(saved).to_contain_text("Draft saved at")
        await page.get_by_role("button", name="Save & Close").click()
        await expect(page.locator("#notice")).to_contain_text("is saved")
        case = (await page.locator("#notice").inner_text()).split()[1]
        await page.goto(f"{LIST}/{case}/edit")
        await expect(description).to_have_value("third")


async def test_what_somebody_else_saved_meanwhile_stays_although_an_answer_is_lost(visitors: Visitors) -> None:
    async def lose(route: Route) -> None:
        if action(route) == "autosave":
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    async with visitors.dealer() as page, visitors.dealer() as elsewhere:
        await write(page, "first")
        await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await page.route("**/edit", lose)
        await page.get_by_label("Description").fill("mine")
        await expect(page.locator("#saved")).to_contain_text("the service is not responding")
        await elsewhere.goto(page.url)
        await elsewhere.get_by_label("Description").fill("theirs")
        await elsewhere.get_by_role("button", name="Save & Close").click()
        await expect(elsewhere.locator("#notice")).to_contain_text("is saved")
        await page.unroute_all()
        await page.get_by_label("Description").fill("mine, typed on")
        await expect(page.locator("#saved")).to_contain_text("the draft was changed elsewhere")
        await page.get_by_role("button", name="Save & Close").click()
        await expect(page.locator(".theirs")).to_contain_text("theirs")
        await expect(page.get_by_label("Description")).to_have_value("mine, typed on")


async def test_a_form_that_comes_back_because_an_answer_was_lost_can_be_typed_on(visitors: Visitors) -> None:
    """The portal shows the form again when case-api does not answer, although case-api may have saved it."""

    async def lose(route: Route) -> None:
        if action(route) != "close":
            await route.continue_()
            return
        etag = parse_qs(route.request.post_data or "")["etag"][0].replace('"', "&#34;")
        await route.fetch(max_redirects=0)
        form = await (await page.request.get(route.request.url)).text()
        before = re.sub('(name="etag" value=")[^"]*', rf"\g<1>{etag}", form)
        await route.fulfill(status=503, content_type="text/html", body=before)

    async with visitors.dealer() as page:
        await write(page, "first")
        await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await page.route("**/edit", lose)
        await page.get_by_role("button", name="Save & Close").click()
        await expect(page.locator("#saved")).to_be_empty()  # the new page, perhaps before its script
        await page.get_by_label("Description").fill("typed on")
        await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await page.unroute_all()
        await page.get_by_role("button", name="Save & Close").click()
        await expect(page.locator("#notice")).to_contain_text("is saved")


async def test_a_button_works_again_after_somebody_stopped_it(visitors: Visitors) -> None:
    under_way, over = asyncio.Event(), asyncio.Event()

    async def hang(route: Route) -> None:
        if action(route) == "close" and not over.is_set():
            under_way.set()
            await over.wait()
            await route.abort()
        else:
            await route.continue_()

    async with visitors.dealer() as page:
        await page.route(re.compile("/edit"), hang)
        await write(page, "Stopped")
        await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await page.clock.install()  # only now: a page that loads asks its performance how it was reached
        button = page.get_by_role("button", name="Save & Close")
        await button.click(no_wait_after=True)
        await under_way.wait()
        await (await page.context.new_cdp_session(page)).send("Page.stopLoading")
        over.set()
        await page.clock.fast_forward(21_000)
        await button.click()
        await expect(page.locator("#notice")).to_contain_text("is saved")


async def test_a_new_draft_can_be_deleted_while_something_is_unsaved(visitors: Visitors) -> None:
    async def unsaved(route: Route) -> None:
        if action(route) == "autosave":
            await route.fulfill(status=503, json={"message": "Not now."})
        else:
            await route.continue_()

    async with visitors.dealer() as page:
        await write(page, "first")
        await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await page.route("**/edit", unsaved)
        await page.get_by_label("Description").fill("second")
        await deleted(page)


async def test_the_question_whether_to_delete_is_about_what_there_is(visitors: Visitors) -> None:
    saving, answer = asyncio.Event(), asyncio.Event()

    async def slow(route: Route) -> None:
        if action(route) == "autosave":
            saving.set()
            await answer.wait()
        await route.continue_()

    async with visitors.dealer() as page:
        await page.route("**/new?key=*", slow)
        await page.goto(f"{LIST}/new")
        await page.clock.install()  # only now: a page that loads asks its performance how it was reached
        await page.get_by_label("Description").fill("Canceled before it is saved")
        dialog = page.get_by_role("dialog")
        await page.get_by_role("button", name="Cancel").click()
        await expect(dialog).to_contain_text("You have not saved it")
        await page.clock.fast_forward(10_000)
        assert not saving.is_set(), "nothing is saved while somebody may choose to delete it"
        await dialog.get_by_role("button", name="Keep editing").click()
        await page.clock.fast_forward(2_000)
        await saving.wait()

        await page.get_by_role("button", name="Cancel").click()
        await dialog.get_by_role("link", name="Delete").click()
        answer.set()
        await expect(dialog).to_contain_text(re.compile("Delete draft W"))
        case = page.url.split("/")[-2]
        await expect(dialog.get_by_role("button", name="Keep editing")).to_be_focused()
        await dialog.get_by_role("button", name="Delete").click()
        await expect(page.locator("#notice")).to_contain_text(f"{case} is deleted")


async def test_the_question_whether_to_submit_is_about_the_version_that_it_shows(visitors: Visitors) -> None:
    async with visitors.dealer() as page:
        typed = asyncio.Event()

        async def late(route: Route) -> None:
            await typed.wait()
            await route.continue_()

        await write(page, "As it was shown")
        await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await page.route(re.compile(r"\.js"), late)
        await page.get_by_role("button", name="Finish").click(no_wait_after=True)
        await page.wait_for_url("**ask=submit", wait_until="commit")
        await expect(page.get_by_role("dialog")).to_contain_text("As it was shown")
        await page.get_by_label("Description").fill("Typed below the question")
        typed.set()
        await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await page.get_by_role("dialog").get_by_role("button", name="Submit").click()
        await expect(page.locator("#notice")).to_contain_text("Review it before you submit it")
        await expect(page.get_by_role("dialog")).to_contain_text("Typed below the question")


async def test_a_half_typed_address_makes_no_draft_that_nobody_can_delete(visitors: Visitors) -> None:
    async with visitors.dealer() as page:
        await page.goto(f"{LIST}/new")
        await page.get_by_label("Phone").fill("1" * 60)
        await expect(page.locator("#saved")).to_contain_text("Not saved")
        await expect(page.get_by_role("heading", name=re.compile("Draft W"))).to_be_visible()
        await page.get_by_label("Phone").fill("555")
        await expect(page.locator("#saved")).to_contain_text("Draft saved at")
        await deleted(page)

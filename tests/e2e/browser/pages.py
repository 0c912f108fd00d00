"""Every page of the dealer portal, in every state that users see: its name, and the way to it.

Add new pages here, those of the console in console/pages.py.
"""

import time

from playwright.async_api import Page, expect

from tests.e2e.browser.conftest import sign_in, sign_out_elsewhere
from tests.e2e.browser.states import At, State
from tests.e2e.browser.world import World

LIST = "/dealers/usmf-us-001/cases"
SECOND = "/dealers/usmf-us-002/cases"


async def menu_open(page: Page, _world: World) -> None:
    await page.goto(LIST)
    await page.locator("details.menu summary").first.click()


async def deleting(page: Page, world: World) -> None:
    await page.goto(LIST)
    await page.get_by_label(f"Delete draft {world.draft}", exact=True).click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def cancelling(page: Page, world: World) -> None:
    await page.goto(f"{LIST}/{world.draft}/edit")
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def in_conflict(page: Page, world: World) -> None:
    path = f"{LIST}/{world.incomplete}/edit"
    other = await page.context.new_page()
    await page.goto(path)
    await other.goto(path)
    await other.get_by_label("Description").fill(
        f"The part number is 4711-{time.monotonic_ns() % 1000}, says the workshop."
    )
    await other.get_by_role("button", name="Save & Close").click()
    await expect(other.locator("#notice")).to_be_visible()
    await other.close()
    await page.get_by_label("Description").fill("The workshop asks for the part number of the seal.")
    await page.get_by_role("button", name="Save & Close").click()
    await expect(page.get_by_role("heading", name="changed elsewhere")).to_be_visible()


async def session_over(page: Page, world: World) -> None:
    await page.goto(f"{LIST}/{world.incomplete}/edit")
    await page.get_by_label("Description").fill("Typed while nobody looked")
    await sign_out_elsewhere(page)
    await page.get_by_role("button", name="Save & Close").click()
    await expect(page.get_by_role("heading", name="signed out")).to_be_visible()


async def saved(page: Page, world: World) -> None:
    await page.goto(f"{LIST}/{world.draft}/edit")
    await page.get_by_role("button", name="Save & Close").click()
    await expect(page.locator("#notice")).to_be_visible()


async def signed_out(page: Page, _world: World) -> None:
    await sign_in(page, "dana", LIST)
    await page.locator("details.menu summary").last.click()
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/signed-out")


STATES = (
    State("welcome", None, At("/")),
    State("signed-out", None, signed_out),
    State("preferences", None, At("/preferences")),
    State("dealers", "theo", At("/")),
    State("no-dealer", "olga", At(LIST), drawn=False),
    State("list", "theo", At(LIST), phone=True),
    State("list-filtered", "theo", At(f"{LIST}?q=W&status=draft,submitted&sort=status&created_by=dora")),
    State("list-nothing-found", "theo", At(f"{LIST}?q=nothing-like-this")),
    State("list-second-dealer", "theo", At(SECOND), like="list"),
    State("list-menu", "theo", menu_open),
    State("list-deleting", "theo", deleting),
    State("list-saved", "theo", saved, drawn=False),
    State("form-new", "theo", At(f"{LIST}/new")),
    State("form-draft", "theo", At(f"{LIST}/{{draft}}/edit"), phone=True),
    State("form-cancelling", "theo", cancelling),
    State("form-submitting", "theo", At(f"{LIST}/{{draft}}/edit?ask=submit")),
    State("form-errors", "theo", At(f"{LIST}/{{incomplete}}/edit?ask=submit")),
    State("form-conflict", "theo", in_conflict),
    State("form-session-over", "theo", session_over),
    State("delete-page", "theo", At(f"{LIST}/{{draft}}/delete"), drawn=False),
    State("view-delivered", "theo", At(f"{LIST}/{{delivered}}"), whole=True, phone=True),
    State("view-closed", "theo", At(f"{LIST}/{{closed}}"), whole=True, like="view-delivered"),
    State("view-failed", "theo", At(f"{LIST}/{{failed}}"), whole=True),
    State("not-found", "theo", At(f"{LIST}/WNOTHERE00")),
)

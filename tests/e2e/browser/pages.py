"""Every page, in every state that users see: by a name, and by the way to it. New pages are added here."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Page, expect

from tests.e2e.browser.conftest import sign_in
from tests.e2e.browser.world import World

LIST = "/dealers/usmf-us-001/cases"
SECOND = "/dealers/usmf-us-002/cases"
Way = Callable[[Page, World], Awaitable[None]]


@dataclass(frozen=True)
class State:
    """A page in a state; `user` None: nobody is signed in."""

    name: str
    user: str | None
    way: Way
    drawn: bool = True


def at(path: str) -> Way:
    """The way to an address, in which `{draft}` and the like are the world's cases."""

    async def go(page: Page, world: World) -> None:
        await page.goto(path.format(**world.__dict__))

    return go


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
    session = [cookie for cookie in await page.context.cookies() if "session" in cookie.get("name", "")]
    await page.get_by_label("Description").fill("Typed while nobody looked")
    await page.context.clear_cookies(name=session[0]["name"])
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
    State("welcome", None, at("/")),
    State("signed-out", None, signed_out),
    State("preferences", None, at("/preferences")),
    State("dealers", "theo", at("/")),
    State("no-dealer", "olga", at("/dealers/usmf-us-001/cases"), drawn=False),
    State("list", "theo", at(LIST)),
    State("list-filtered", "theo", at(f"{LIST}?q=W&status=draft,submitted&sort=status&created_by=dora")),
    State("list-nothing-found", "theo", at(f"{LIST}?q=nothing-like-this")),
    State("list-second-dealer", "theo", at(SECOND)),
    State("list-menu", "theo", menu_open),
    State("list-deleting", "theo", deleting),
    State("list-saved", "theo", saved, drawn=False),
    State("form-new", "theo", at(f"{LIST}/new")),
    State("form-draft", "theo", at(f"{LIST}/{{draft}}/edit")),
    State("form-cancelling", "theo", cancelling),
    State("form-submitting", "theo", at(f"{LIST}/{{draft}}/edit?ask=submit")),
    State("form-errors", "theo", at(f"{LIST}/{{incomplete}}/edit?ask=submit")),
    State("form-conflict", "theo", in_conflict),
    State("form-session-over", "theo", session_over),
    State("delete-page", "theo", at(f"{LIST}/{{draft}}/delete"), drawn=False),
    State("view-delivered", "theo", at(f"{LIST}/{{delivered}}")),
    State("view-closed", "theo", at(f"{LIST}/{{closed}}")),
    State("view-failed", "theo", at(f"{LIST}/{{failed}}")),
    State("not-found", "theo", at(f"{LIST}/WNOTHERE00")),
)
# The operator console: held to axe and to its languages by its own tests (console/), drawn with the others.
CONSOLE = (
    State("console-flow", "olga", at("/console")),
    State("console-documents", "olga", at("/console/documents")),
    State("console-document", "olga", at("/console/documents/{failed}-1")),
    State("console-edit", "olga", at("/console/documents/{failed}-1/edit")),
    State("console-link", "olga", at("/console/documents/{failed}-1/link?q=")),
    State("console-delivery", "olga", at("/console/delivery")),
    State("console-audit", "olga", at("/console/audit")),
    State("console-dealers", "olga", at("/console/dealers")),
)

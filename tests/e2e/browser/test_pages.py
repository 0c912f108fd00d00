"""Every page in every state: axe finds nothing in any look, and every text is translated.

With `--screenshots FOLDER` they are drawn as well.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.e2e.browser.conftest import Desk, check, sign_in
from tests.e2e.browser.pages import CONSOLE, LIST, STATES, State
from tests.e2e.browser.world import World, populated

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 700}},
    "400 %": {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4},
    "forced colours": {"forced_colors": "active", "reduced_motion": "reduce"},
}
# Text on the page that is neither translated nor marked as data.
UNTRANSLATED = r"""() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  const letters = (text) => /\p{L}/u.test(text.replace(/⟦[^⟧]*⟧/g, ""));
  for (let node; (node = walker.nextNode());) {
    const parent = node.parentElement, data = parent.closest("time, script, textarea") || !parent.translate;
    if (letters(node.textContent) && !data) found.push(node.textContent.trim());
  }
  for (const name of ["aria-label", "title", "placeholder", "data-label"])
    for (const one of document.querySelectorAll(`[${name}]:not(time)`))
      if (!one.getAttribute(name).includes("⟦")) found.push(`${name}: ${one.getAttribute(name)}`);
  return found;
}"""
SHEET: dict[str, Any] = {"viewport": {"width": 1280, "height": 1160}}  # so that a form fits
OVERFLOWS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest_asyncio.fixture(scope="session")
async def world(desk: Desk) -> AsyncIterator[World]:
    """The dealer's cases."""
    async with populated(desk.stack, "usmf-us-001") as made:
        yield made


async def reach(page: Page, state: State, world: World) -> None:
    """Come to a state."""
    if state.user:
        await sign_in(page, state.user, LIST)
    await state.way(page, world)
    await page.wait_for_load_state("load")


@pytest.mark.timeout(500)
@pytest.mark.parametrize("look", LOOKS)
async def test_axe_finds_nothing(desk: Desk, world: World, look: str) -> None:
    found = []
    for state in STATES:
        async with desk.visitor(**LOOKS[look]) as page:
            await reach(page, state, world)
            try:
                await check(page, f"{state.name}, {look}")
            except AssertionError as violation:
                found.append(str(violation))
            if LOOKS[look].get("viewport") and await page.evaluate(OVERFLOWS) > 0:
                found.append(f"{state.name}, {look}: scrolls sideways")
    assert found == []


@pytest.mark.timeout(500)
async def test_every_text_is_translated(desk: Desk, world: World) -> None:
    found = {}
    for state in STATES:
        if state.way.__name__ != "go":
            continue  # these are found by their English names
        async with desk.visitor() as page:
            await page.context.add_cookies([{"name": "language", "value": "en-XA", "url": desk.url}])
            await reach(page, state, world)
            if left := await page.evaluate(UNTRANSLATED):
                found[state.name] = left
    assert found == {}


async def test_a_first_load_weighs_sixty_kilobytes_at_most(desk: Desk, world: World) -> None:
    for state in (one for one in STATES if one.name in {"list", "form-draft", "view-delivered"}):
        async with desk.visitor() as page:
            await reach(page, state, world)
            session = await page.context.new_cdp_session(page)
            await session.send("Network.enable")
            await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
            sizes: list[int] = []
            session.on("Network.loadingFinished", lambda event, sizes=sizes: sizes.append(event["encodedDataLength"]))
            await page.reload(wait_until="load")
            assert 0 < sum(sizes) <= 60_000, (state.name, sum(sizes))


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> Path:
    """Where screenshots go."""
    option = request.config.getoption("--screenshots")
    if option is None:
        pytest.skip("only with --screenshots FOLDER")
    Path(option).mkdir(parents=True, exist_ok=True)
    return Path(option)


@pytest.mark.timeout(500)
async def test_screenshots(desk: Desk, world: World, folder: Path) -> None:
    for theme in ("light", "dark"):
        for state in (one for one in (*STATES, *CONSOLE) if one.drawn):
            async with desk.visitor(**SHEET, color_scheme=theme, reduced_motion="reduce") as page:
                await reach(page, state, world)
                await page.screenshot(
                    path=folder / f"{state.name}-{theme}.png", full_page=state.name.startswith("view")
                )
    async with desk.visitor(viewport={"width": 390, "height": 844}, color_scheme="light") as page:
        for name in ("list", "form-draft", "view-delivered"):
            await reach(page, next(state for state in STATES if state.name == name), world)
            await page.screenshot(path=folder / f"{name}-phone.png", full_page=True)

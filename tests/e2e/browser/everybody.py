"""Checks a page in a state for all users: in every look, in another language, on a slow connection."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from tests.e2e.browser.axe import FEW_LOOKS, LOOKS, wrong_in_any_look
from tests.e2e.browser.conftest import Visitors
from tests.e2e.browser.drawing import draw
from tests.e2e.browser.states import At, State, nothing
from tests.e2e.browser.world import World

MOST_BYTES = 60_000
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


def scenes(states: Sequence[State]) -> list[Any]:
    """The states as parameters, each alone; those that share a `during` together."""
    seen_by_day = {state.name for state in states if not state.like}
    assert {state.like for state in states if state.like} <= seen_by_day
    found: list[list[State]] = []
    for during, together in groupby(states, lambda state: state.during):
        group = list(together)
        found += [[state] for state in group] if during is nothing else [group]
    at_night = {True: [pytest.mark.nightly], False: []}
    return [pytest.param(scene, marks=at_night[all(state.like for state in scene)]) for scene in found]


async def is_for_everybody(
    visitors: Visitors, world: World, scene: Sequence[State], folder: Path | None, *, few_looks: bool
) -> None:
    """One visit: weigh the first load, then check the page in every look, then in another language.

    Draws it into `folder`, if given. `few_looks`: every look only where a phone has a picture of its own.
    """
    async with scene[0].during(visitors.stack, world):
        for state in scene:
            async with visitors.visitor(state.user, reduced_motion="reduce") as page:
                weight = await weighed(page)
                await state.way(page, world)
                await page.wait_for_load_state("load")
                first_load = sum(weight)  # what the page asks for later depends on how long the checks take
                if folder:
                    await draw(page, state, folder)
                wrong = await wrong_in_any_look(page, FEW_LOOKS if few_looks and not state.phone else LOOKS)
                assert wrong == {}, (state.name, wrong)
                if isinstance(state.way, At):  # the way to other states uses English names
                    assert 0 < first_load <= MOST_BYTES, (state.name, first_load)
                    english = await untranslated(page)
                    assert english == [], (state.name, english)


async def untranslated(page: Page) -> list[str]:
    """Texts that stay English in a made-up language."""
    await page.context.add_cookies([{"name": "language", "value": "en-XA", "url": page.url}])
    await page.reload()
    found: list[str] = await page.evaluate(UNTRANSLATED)
    return found


async def weighed(page: Page) -> list[int]:
    """Bytes received from now on, per response: a new browser has an empty cache."""
    sizes: list[int] = []
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")

    def finished(event: dict[str, Any]) -> None:
        sizes.append(event["encodedDataLength"])

    session.on("Network.loadingFinished", finished)
    return sizes

"""Checks pages with axe, in every look that users may have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.async_api import Page

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# All rules that can depend on colors; names, roles and sizes do not.
COLORS = ("color-contrast", "link-in-text-block")
# All rules that can depend on the window's height: fixed positions, and parts that scroll by themselves.
HEIGHTS = ("target-size", "scrollable-region-focusable")
# An open menu covers parts of what is below it, which other states of the page check.
_RUN = """runs => axe.run(
    document.querySelector("details.menu[open]") ? {exclude: [["main"]]} : document,
    {runOnly: runs, resultTypes: ["violations"]}
)"""
_OVERFLOWS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True)
class Look:
    """How a page is seen: the window in CSS pixels, and the browser's media preferences.

    `runs` is what axe checks: everything, or what depends on colors or height if only those differ.
    """

    width: int = 1280
    height: int = 900
    media: dict[str, Any] = field(default_factory=dict)
    runs: Sequence[str] = TAGS


LOOKS = {
    "light": Look(),
    "dark": Look(media={"color_scheme": "dark"}, runs=COLORS),
    "forced colours": Look(media={"forced_colors": "active"}, runs=COLORS),
    "narrow": Look(320, 700),
    # A window of 1280 by 1024 at 400 %.
    "400 %": Look(320, 256, runs=HEIGHTS),
}
# By day, for pages whose colors and parts other pages show in every look.
FEW_LOOKS = {"light": LOOKS["light"], "narrow": replace(LOOKS["narrow"], runs=HEIGHTS)}
# Without motion: colors in the middle of a transition would count otherwise.
_PLAIN: dict[str, Any] = {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "reduce"}


async def put_on(page: Page, look: Look) -> None:
    """Show the current page in another look."""
    await page.emulate_media(**{**_PLAIN, **look.media})
    await page.set_viewport_size({"width": look.width, "height": look.height})


async def violations(page: Page, runs: Sequence[str] = TAGS) -> list[str]:
    """Axe's violations of these tags or rules."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE + "; undefined")
    found = await page.evaluate(_RUN, runs)
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found["violations"]
    ]


async def wrong_in_any_look(page: Page, looks: Mapping[str, Look] = LOOKS) -> dict[str, list[str]]:
    """What is wrong with the current page, by look: axe's violations, and horizontal scrolling."""
    found = {}
    for name, look in looks.items():
        await put_on(page, look)
        wrong = await violations(page, look.runs)
        if await page.evaluate(_OVERFLOWS) > 0:
            wrong.append("it scrolls sideways")
        if wrong:
            found[name] = wrong
    await put_on(page, LOOKS["light"])
    return found

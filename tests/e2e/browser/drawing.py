"""Screenshots of pages, small enough for the repository."""

import io
from pathlib import Path

from PIL import Image
from playwright.async_api import Page

from tests.e2e.browser.states import State

WIDTH, PHONE = 1280, 390
# A form fits into HEIGHT; a page that is drawn whole grows from LEAST.
HEIGHT, LEAST = 1160, 560
COLORS = 256
MOST_BYTES = 120_000


async def draw(page: Page, state: State, folder: Path) -> None:
    """Draw the current page, light and dark, and as on a phone."""
    if not state.drawn:
        return
    for name in ("light", "dark", *(["phone"] if state.phone else [])):
        whole = state.whole or name == "phone"
        await page.emulate_media(color_scheme="dark" if name == "dark" else "light", reduced_motion="reduce")
        width = PHONE if name == "phone" else WIDTH
        await page.set_viewport_size({"width": width, "height": LEAST if whole else HEIGHT})
        if whole:  # a window as high as the page: what sticks to its end covers nothing
            height = await page.evaluate("() => document.documentElement.scrollHeight")
            await page.set_viewport_size({"width": width, "height": max(height, LEAST)})
        await page.evaluate("() => scrollTo(0, 0)")
        picture = await page.screenshot()
        (folder / f"{state.name}-{name}.png").write_bytes(_small(picture))


def _small(picture: bytes) -> bytes:
    """The picture with a palette: pages have few colors."""
    packed = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    assert len(packed.getvalue()) <= MOST_BYTES
    return packed.getvalue()

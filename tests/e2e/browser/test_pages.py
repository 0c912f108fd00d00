"""Every page of the portal in every state: axe finds nothing in any look, nothing scrolls sideways, all is translated.

`--screenshots FOLDER` also draws them. The console has its own in console/test_looks.py, for another worker.
"""

from pathlib import Path

import pytest

from tests.e2e.browser.conftest import Visitors
from tests.e2e.browser.everybody import is_for_everybody, scenes
from tests.e2e.browser.pages import STATES
from tests.e2e.browser.states import State
from tests.e2e.browser.world import World


@pytest.mark.parametrize("scene", scenes(STATES), ids=lambda scene: scene[0].name)
async def test_it_is_for_everybody(
    visitors: Visitors, world: World, scene: list[State], folder: Path | None, few_looks: bool
) -> None:
    await is_for_everybody(visitors, world, scene, folder, few_looks=few_looks)

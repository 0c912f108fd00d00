"""Every page of the console in every state, as in ../test_pages.py."""

from pathlib import Path

import pytest

from tests.e2e.browser.conftest import Visitors
from tests.e2e.browser.console.pages import STATES
from tests.e2e.browser.everybody import is_for_everybody, scenes
from tests.e2e.browser.states import State
from tests.e2e.browser.world import World


@pytest.mark.parametrize("scene", scenes(STATES), ids=lambda scene: scene[0].name)
async def test_it_is_for_everybody(
    visitors: Visitors, world: World, scene: list[State], folder: Path | None, few_looks: bool
) -> None:
    await is_for_everybody(visitors, world, scene, folder, few_looks=few_looks)

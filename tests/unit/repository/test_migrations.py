"""Each service's migrations form one line: two parallel ones would stop every start."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = sorted(ROOT.glob("services/*/src/*/postgres/migrations/versions"))
# The newest migration of each service in the last release that has a tag, which none has yet.
RELEASED: Mapping[str, str] = {}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parents[2].name)
def test_each_migration_follows_exactly_one(folder: Path) -> None:
    numbers = [re.findall(r'^(?:down_)?revision = "?(\w+)"?', file.read_text(), re.M) for file in folder.glob("0*.py")]
    before = dict(numbers)
    assert len(before) == len(numbers), "a number is given twice"
    assert sorted(set(before.values()) - {"None"}) == sorted(before)[:-1], "two follow the same one"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parents[2].name)
def test_what_drops_something_comes_last_in_its_release(folder: Path) -> None:
    """What comes after it could not run while older code does: `MIGRATIONS_REVISION=expand` would leave it out."""
    ours = [file for file in sorted(folder.glob("0*.py")) if file.name[:4] > RELEASED.get(folder.parents[2].name, "")]
    drops = ["oldest_code" in file.read_text() for file in ours]
    assert drops == sorted(drops), [file.name for file, drop in zip(ours, drops, strict=True) if drop]

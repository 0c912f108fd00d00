"""Each service's migrations form one line: two parallel ones would stop every start."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = sorted(ROOT.glob("services/*/src/*/postgres/migrations/versions"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parents[2].name)
def test_each_migration_follows_exactly_one(folder: Path) -> None:
    numbers = [re.findall(r'^(?:down_)?revision = "?(\w+)"?', file.read_text(), re.M) for file in folder.glob("0*.py")]
    before = dict(numbers)
    assert len(before) == len(numbers), "a number is given twice"
    assert sorted(set(before.values()) - {"None"}) == sorted(before)[:-1], "two follow the same one"

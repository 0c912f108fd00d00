"""Files of the product are short enough to see whole (CONTRIBUTING, "Rules")."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MOST_LINES = 300
GENERATED = {ROOT / f"services/portal-web/src/portal_web/domain/{api}.py" for api in ("case_api", "d365_sync")}


@pytest.mark.parametrize("package", ["services/*", "shared", "tools/*"])
def test_files_are_short(package: str) -> None:
    files = {*ROOT.glob(f"{package}/src/**/*.py")} - GENERATED
    assert files
    assert {file for file in files if len(file.read_text(encoding="utf-8").splitlines()) > MOST_LINES} == set()

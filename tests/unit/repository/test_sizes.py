"""Files of the product are short enough to see whole (CONTRIBUTING, "Rules")."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MOST_LINES = 300
GENERATED = {"case_api.py", "d365_sync.py"}  # portal-web's models of the APIs


@pytest.mark.parametrize("package", ["services/*", "shared", "tools/*"])
def test_files_are_short(package: str) -> None:
    files = [
        file
        for file in ROOT.glob(f"{package}/src/**/*.py")
        if not (file.parts[-3:-1] == ("portal_web", "domain") and file.name in GENERATED)
    ]
    assert files
    assert {str(file.relative_to(ROOT)) for file in files if _lines(file) > MOST_LINES} == set()


def _lines(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())

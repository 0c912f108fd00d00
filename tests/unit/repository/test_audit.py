"""How pip-audit's results count: a vulnerability fails, unreachable data does not."""

import json
import runpy
import subprocess
from pathlib import Path
from typing import Any

import pytest

AUDIT = runpy.run_path(str(Path(__file__).parents[3] / ".ci/audit.py"))
GOOD: dict[str, Any] = {"name": "yarl", "version": "1.0", "vulns": []}
BAD = {
    "name": "x",
    "version": "1",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"], "aliases": [], "description": ""}],
}
SKIPPED = {"name": "y", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("answers", "code", "said"),
    [
        ([[GOOD], [GOOD]], 0, "2 packages looked up, 0 vulnerabilities"),
        ([[GOOD], [BAD]], 1, "x 1: PYSEC-1, fixed in 2"),
        ([[GOOD], [SKIPPED, BAD]], 1, "y: could not be looked up"),
        ([[BAD], None], 1, "NOT DONE for requirements/dev.lock"),
        ([[SKIPPED]], 0, "NOT DONE for requirements/bootstrap.lock and what follows it: the index has no"),
        ([None], 0, "NOT DONE for requirements/bootstrap.lock and what follows it: no route"),
    ],
)
def test_the_audit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answers: list[Any], code: int, said: str
) -> None:
    def run(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        dependencies = answers.pop(0)
        output = "" if dependencies is None else json.dumps({"dependencies": dependencies})
        return subprocess.CompletedProcess([], 1, output, "trouble\nno route\n")

    monkeypatch.setattr(subprocess, "run", run)
    assert AUDIT["main"]() == code
    assert said in capsys.readouterr().out
    assert answers == []

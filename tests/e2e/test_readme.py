"""What the README tells a new user to type works, on the running stack."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.stack import Stack

README = Path(__file__).parents[2] / "README.md"


def by_hand() -> str:
    """The commands below "The same by hand"."""
    found = re.search(r"The same by hand:\n\n```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found, "the README has no commands below 'The same by hand'"
    return found[1]


def test_the_commands_by_hand_work(stack: Stack, tmp_path: Path) -> None:
    command = tmp_path / "casebridge"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m casebridge "$@" --data-dir {stack.data_dir}\n')
    command.chmod(0o755)
    script = by_hand().replace(".venv/bin/casebridge", str(command))
    script = script.replace("http://127.0.0.1:8000", stack.urls["case-api"])
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("curl ", "curl -fsS ")],
        capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "120"}, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert '"items"' in run.stdout
    assert "adds_up" in run.stdout

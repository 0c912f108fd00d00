"""Runs the commands of documents as a reader would type them."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.patience import PATIENCE
from tests.support.stack import Stack

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/portal-guide.md"


def blocks(document: Path, language: str, below: str = "") -> list[str]:
    """The fenced blocks in `language` after the text `below`; fails if it finds none."""
    text = document.read_text(encoding="utf-8")
    start = text.find(below)
    matches = re.findall(rf"^```{language}\n(.*?)^```", text[start:], re.DOTALL | re.MULTILINE)
    assert start >= 0, f"{document.name} has no {below!r}"
    assert matches, f"{document.name} has no {language} below {below!r}"
    return matches


def at(stack: Stack, text: str) -> str:
    """`text` with this stack's addresses instead of the usual ones."""
    return text.replace("http://127.0.0.1:8000", stack.urls["case-api"])


def run_shell(stack: Stack, script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `script` in `folder` against this stack; the first failing command ends it and fails the test."""
    command = folder / "casebridge"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m casebridge "$@" --data-dir {stack.data_dir}\n')
    command.chmod(0o755)
    script = at(stack, script).replace(".venv/bin/casebridge", str(command))
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        capture_output=True, text=True, check=False, cwd=folder, env={**os.environ, "COLUMNS": "120"},
        timeout=60 * PATIENCE,
    )  # fmt: skip
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    return run

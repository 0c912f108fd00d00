"""The last release, from its own commit, in an environment of its own."""

import os
import subprocess
import tempfile
from pathlib import Path

from tests.chaos.replicas import Release

ROOT = Path(__file__).parents[2]


def made(ref: str) -> Release:
    """Check `ref` out into a temporary folder, and set it up as it says; both are kept for the next time."""
    commit = _git("rev-parse", f"{ref}^{{commit}}")
    folder = Path(tempfile.gettempdir()) / f"casebridge-release-{commit[:12]}"
    if not (folder / "Makefile").exists():
        _git("worktree", "prune")
        _git("worktree", "add", "--detach", str(folder), commit)
    others = ("VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if name not in others}
    subprocess.run(["make", "setup"], cwd=folder, env=environment, check=True)
    return Release(ref, str(folder / ".venv" / "bin" / "python"), folder)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()

"""The tests of clients/typescript against the running stack; `make client-test` builds it first, and they need Node."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import collector as collector  # noqa: PLC0414 - a fixture
from tests.e2e.conftest import stack as stack  # noqa: PLC0414 - a fixture
from tests.support.documents import ROOT, blocks
from tests.support.patience import PATIENCE

CLIENT = ROOT / "clients/typescript"


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the client, installed as its README says."""
    folder = tmp_path_factory.mktemp("portal")
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    [install] = blocks(CLIENT / "README.md", "sh")
    run("bash", "-euc", install.replace("path/to/casebridge", str(ROOT)), folder=folder)
    return folder


def run(*command: str, folder: Path, **environment: str) -> str:
    """Run `command` in `folder`; returns what it prints, and fails with it."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, **environment},
        timeout=100 * PATIENCE,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from casebridge import postgres


def test_a_leftover_that_ends_by_itself_meanwhile_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Backends of a killed server notice that it is gone."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=tmp_path)
    leftover = psutil.Process(child.pid)
    leftover.info = {"name": "postgres", "cwd": str(tmp_path)}
    child.communicate(b"\n")
    monkeypatch.setattr(psutil, "process_iter", lambda _attributes: [leftover])
    pid_file = tmp_path / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n")

    postgres.clear_leftovers(tmp_path)

    assert not pid_file.exists()

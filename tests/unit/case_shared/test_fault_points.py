"""Fault points strike once if armed, and are inert otherwise."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from case_shared.process import fault_points
from case_shared.process.fault_points import FaultPoint

ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys
from pathlib import Path
from case_shared.process import fault_points
fault_points.arm(Path(sys.argv[1]) if sys.argv[1:] else None)
fault_points.reached(fault_points.FaultPoint.CASE_POSTED)
print("alive")
"""


def passes_by(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=False)


def test_first_process_that_comes_by_is_struck_and_no_other(tmp_path: Path) -> None:
    (tmp_path / FaultPoint.CASE_POSTED).write_text("kill")
    assert passes_by(str(tmp_path)).returncode == -signal.SIGKILL
    [struck] = tmp_path.iterdir()
    assert struck.name.startswith("case_posted.")
    assert "alive" in passes_by(str(tmp_path)).stdout


@pytest.mark.parametrize("point", ["outcomes_stored", "case_posted"])
def test_inert_without_folder_and_for_other_points(tmp_path: Path, point: str) -> None:
    (tmp_path / point).write_text("kill")
    armed = [] if point == "case_posted" else [str(tmp_path)]
    assert "alive" in passes_by(*armed).stdout
    assert fault_points._directory is None


@pytest.fixture(scope="module")
def code() -> str:
    """All production code."""
    return "".join(
        path.read_text() for folder in ("services", "shared") for path in (ROOT / folder).rglob("src/**/*.py")
    )


@pytest.mark.parametrize("point", FaultPoint)
def test_each_point_stands_at_one_place_of_the_code(code: str, point: FaultPoint) -> None:
    # An outbox publisher reaches the point that its outbox gives it.
    assert len(re.findall(rf"(?:reached\(|published=)FaultPoint\.{point.name}\b", code)) == 1

"""An interrupted `make chaos` goes on with the seeds that have not passed with the same code."""

import subprocess
from pathlib import Path

import pytest

from tests.chaos import report
from tests.chaos.checker import Kind, Violation
from tests.chaos.history import Action, History, Outcome, Recovery
from tests.chaos.run import Verdict
from tests.chaos.summary import Passed, Summary

FOLDERS = ("services", "shared", "tools", "tests/chaos", "requirements")


def summary(seed: int, *kinds: Kind) -> Summary:
    history = History(seed)
    history.add(Action.SUBMIT, "dora", Outcome.OK, 0.0, "W1")
    history.recoveries.append(Recovery("kill -9 kafka", 3.5, 20.0))
    return Summary.of(Verdict(seed, ("a",), history, [Violation(kind, None, "") for kind in kinds], 1.0, 1.0))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the folders that decide what a seed does."""
    for folder in FOLDERS:
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").touch()
    (tmp_path / ".gitignore").write_text(".chaos/\n")
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    commit()
    return tmp_path


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)


def commit() -> None:
    git("add", "--all")
    git("-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "one")


@pytest.mark.usefixtures("repository")
def test_what_passed_is_not_run_again_and_what_failed_is() -> None:
    keep = Path(".chaos")
    first, late, third = summary(1), summary(2, Kind.SLOW), summary(3)
    for one in (first, late, third):
        Passed(keep).store(one)
    assert Passed(keep).load([1, 2]) == [first]
    assert Passed(keep).load([1, 2, 3]) == [first, third]


@pytest.mark.parametrize("folder", FOLDERS)
def test_other_code_begins_again(repository: Path, folder: str) -> None:
    keep = Path(".chaos")
    Passed(keep).store(summary(1))
    (repository / folder / "file").write_text("changed")
    assert Passed(keep).load([1]) == [], "while it is not committed"
    Passed(keep).store(summary(2))
    commit()
    assert Passed(keep).load([1, 2]) == [], "once it is committed"


@pytest.mark.usefixtures("repository")
def test_documents_may_change() -> None:
    keep = Path(".chaos")
    Passed(keep).store(summary(1))
    Path("README.md").touch()
    commit()
    assert [one.seed for one in Passed(keep).load([1])] == [1]
    report.write(Path("report.md"), "make chaos", Passed(keep).load([1]))
    assert "| kill -9 kafka | 1 | 3.5 | 3.5 |" in Path("report.md").read_text()

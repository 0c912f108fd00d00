"""A release has one version, a changelog that describes it, and no part that could change unnoticed."""

import importlib.util
import json
import re
import sys
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
VERSION = (ROOT / "VERSION").read_text().strip()
PACKAGES = ["case-shared", "case-api", "d365-sync", "status-sync", "portal-web", "casebridge", "d365-sandbox"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_the_version_of_the_one_file(package: str) -> None:
    assert version(package) == VERSION


def test_the_typescript_client_has_the_same_version() -> None:
    folder = ROOT / "clients/typescript"
    lock = json.loads((folder / "package-lock.json").read_text())
    found = {
        json.loads((folder / "package.json").read_text())["version"],
        lock["version"],
        lock["packages"][""]["version"],
    }
    assert found == {VERSION}


def test_the_changelog_has_the_version_on_top() -> None:
    headings = re.findall(r"^## \[(.+?)\](?: - \d{4}-\d{2}-\d{2})?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[:2] == ["Unreleased", VERSION]


def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci/release.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_notes_of_a_release_are_those_of_its_version() -> None:
    module = release()
    assert "On upgrade, operators must" in module.notes(VERSION)
    assert "\n## " not in module.notes(VERSION)
    with pytest.raises(module.Stop, match=r"no section `## \[9\.9\.9\]"):
        module.notes("9.9.9")


def test_a_tag_of_another_version_stops_the_release(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["release", "--tag", "v9.9.9"])
    assert release().main() == 1
    assert "the tag is v9.9.9" in capsys.readouterr().err


def test_a_package_is_the_same_each_time_and_has_the_licence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = release()
    monkeypatch.setattr(module, "PACKAGES", ["services/status-sync"])
    built = []
    for name in ("one", "two"):
        monkeypatch.setattr(module, "DIST", tmp_path / name)
        module.DIST.mkdir()
        module.build_packages("1700000000")
        built.append({file.name: file.read_bytes() for file in module.DIST.iterdir()})
    assert built[0] == built[1]
    assert set(built[0]) == {f"status_sync-{VERSION}.tar.gz", f"status_sync-{VERSION}-py3-none-any.whl"}
    with tarfile.open(tmp_path / f"one/status_sync-{VERSION}.tar.gz") as sdist:
        assert f"status_sync-{VERSION}/LICENSE" in sdist.getnames()
    with zipfile.ZipFile(tmp_path / f"one/status_sync-{VERSION}-py3-none-any.whl") as wheel:
        assert f"status_sync-{VERSION}.dist-info/licenses/LICENSE" in wheel.namelist()


@pytest.mark.parametrize("workflow", sorted((ROOT / ".github/workflows").glob("*.yml")), ids=lambda path: path.name)
def test_actions_and_images_are_pinned(workflow: Path) -> None:
    text, renovate = workflow.read_text(), json.loads((ROOT / "renovate.json").read_text())
    used = re.findall(r"uses: (.+)", text)
    assert used
    assert [one for one in used if not re.fullmatch(r"\./\S+|[\w/-]+@[0-9a-f]{40} # v[\d.]+", one)] == []
    # By digest, or Renovate has a rule for the file that pins it.
    rules = [
        rule
        for rule in renovate["customManagers"]
        if any(workflow.name in one.replace("\\", "") for one in rule["managerFilePatterns"])
    ]
    patterns = [pattern.replace("(?<", "(?P<") for rule in rules for pattern in rule["matchStrings"]]
    images = re.findall(r"\w+_IMAGE: .+", text)
    assert [one for one in images if not any(re.search(f"{pattern}$", one) for pattern in patterns)] == []
    assert "permissions:\n  contents: read\n" in text

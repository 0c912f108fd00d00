"""A release has one version, a changelog that describes it, and no part that could change unnoticed."""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

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


MIGRATIONS = ROOT.glob("services/*/src/*/postgres/migrations/versions/[0-9]*.py")


def test_the_changelog_names_each_service_s_migrations() -> None:
    """What operators run by themselves: each service's newest migration, and the first one that contracts."""
    notes = " ".join(release().notes(VERSION).split())
    newest: dict[str, str] = {}
    for path in sorted(MIGRATIONS):
        service, number = path.relative_to(ROOT / "services").parts[0], path.name[:4]
        if "\noldest_code = " in path.read_text():
            assert f"{service} {number}" in notes, "the migration that contracts"
        else:
            newest[service] = number
    assert len(newest) == 4
    for service, number in newest.items():
        assert re.search(rf"\| {service} \| \d{{4}} \| {number} \|", notes), f"{service} {number}"


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
    with pytest.raises(module.Stop, match=r"no lines under `## \[9\.9\.9\]"):
        module.notes("9.9.9")


def test_the_notes_can_be_read_on_the_page_of_a_release(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "First line,\nsecond line.\n\n**Do**\n\n- one\n  and [this](docs/upgrade.md).\n- two\n  - inner\n\n"
        "| a | b |\n| --- | --- |\n| 1 | [c](https://d365.example) |\n"
    )
    module = release()
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/repo")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://git.example")
    assert module.as_page(text, "1.2.3") == (
        "First line, second line.\n\n**Do**\n\n"
        "- one and [this](https://git.example/owner/repo/blob/v1.2.3/docs/upgrade.md).\n- two\n  - inner\n\n"
        "| a | b |\n| --- | --- |\n| 1 | [c](https://d365.example) |\n"
    )
    monkeypatch.delenv("GITHUB_REPOSITORY")
    assert "[this](docs/upgrade.md)" in module.as_page(text, "1.2.3")


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


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with one commit, which nothing keeps from being released."""
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "Dana")
        monkeypatch.setenv(f"{name}_EMAIL", "dana@dealer.example")
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "VERSION").write_text("1.2.3\n")
    (folder / "CHANGELOG.md").write_text("## [Unreleased]\n\n## [1.2.3] - 2030-01-01\n\nSomething.\n")
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "1.2.3"]):
        git(folder, *command)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("docker", "npm"):
        program(programs / name, "exit 0")
    for name in ("git", "sh"):
        found = shutil.which(name)
        assert found
        (programs / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(programs))
    return folder


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def stopped(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """Return why a release of this folder cannot be built; what an earlier one left in dist/ is untouched."""
    module: Any = release()
    monkeypatch.setattr(module, "ROOT", folder)
    monkeypatch.setattr(module, "DIST", folder.parent / "dist")
    monkeypatch.setattr(module, "CLIENT", folder / "clients/typescript")
    module.DIST.mkdir(exist_ok=True)
    (module.DIST / "earlier").touch()
    with pytest.raises(module.Stop) as why:
        module.build(module.options(list(arguments)))
    assert (module.DIST / "earlier").exists()
    return str(why.value)


def test_changes_that_are_not_committed_stop_the_release(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / "new.txt").touch()
    (checkout / "VERSION").write_text("1.2.3")
    why = stopped(checkout, monkeypatch)
    assert "the work tree has changes (VERSION, new.txt)" in why
    assert 'commit them, or try with `make release ARGS="--dirty"`' in why


def test_a_version_that_is_already_tagged_stops_the_release(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(checkout, "tag", "v1.2.3", "-m", "annotated")
    git(checkout, "commit", "--quiet", "--allow-empty", "-m", "later")
    why = stopped(checkout, monkeypatch)
    assert re.search(r"the tag v1\.2\.3 is at another commit \([0-9a-f]{12}\)", why)
    assert "write the next version into VERSION" in why
    assert "`git checkout v1.2.3`" in why


def test_the_tagged_commit_itself_is_built(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(checkout, "tag", "v1.2.3", "-m", "annotated")
    module: Any = release()
    monkeypatch.setattr(module, "ROOT", checkout)
    module.refuse_released("1.2.3", module.revision(dirty=False)[0])


@pytest.mark.parametrize("section", ["", "## [1.2.3] - 2030-01-01\n\n"], ids=["none", "empty"])
def test_a_changelog_without_the_version_stops_the_release(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    (checkout / "CHANGELOG.md").write_text(f"## [Unreleased]\n\n{section}")
    why = stopped(checkout, monkeypatch)
    assert "CHANGELOG.md has no lines under `## [1.2.3] - YYYY-MM-DD`" in why
    assert 'move there what is under "Unreleased"' in why


def test_without_a_container_engine_no_release_is_built(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(checkout.parent / "bin/docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    why = stopped(checkout, monkeypatch)
    assert "neither docker nor podman answers (docker: Cannot connect to the Docker daemon; podman: is missing)" in why
    assert 'start one, or leave the images out with `make release ARGS="--without-images"`' in why


def test_without_npm_no_release_is_built(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout.parent / "bin/npm").unlink()
    why = stopped(checkout, monkeypatch)
    assert "npm is missing" in why
    assert 'leave the TypeScript client out with `make release ARGS="--without-client"`' in why


def test_checksums_can_be_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = release()
    monkeypatch.setattr(module, "DIST", tmp_path)
    for name in ("one.whl", "two.tar.gz"):
        (tmp_path / name).write_text(name)
    module.write_sums()
    verify = ["sha256sum", "--check", "--strict", module.SUMS]
    assert subprocess.run(verify, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    (tmp_path / "one.whl").write_text("other")
    assert subprocess.run(verify, cwd=tmp_path, check=False, capture_output=True).returncode == 1


@pytest.mark.nightly  # only a release makes it
def test_a_bill_of_materials_is_valid_and_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = release()
    monkeypatch.setattr(module, "PACKAGES", ["shared", "tools/d365-sandbox"])
    built = []
    for name in ("one", "two"):
        monkeypatch.setattr(module, "DIST", tmp_path / name)
        module.DIST.mkdir()
        module.write_boms(VERSION, "1700000000")
        built.append((module.DIST / f"d365-sandbox-{VERSION}.cdx.json").read_text())
    assert built[0] == built[1]
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(built[0]) is None
    bom = json.loads(built[0])
    assert (bom["metadata"]["component"]["name"], bom["metadata"]["component"]["version"]) == ("d365-sandbox", VERSION)
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "requirements/d365-sandbox.lock").read_text(), re.MULTILINE)
    assert sorted(component["name"] for component in bom["components"]) == sorted(locked)


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

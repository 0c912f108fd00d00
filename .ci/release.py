"""Builds the parts of a release into dist/, and says what it would publish where. It publishes nothing.

Packages and bills of materials of the same commit are the same, byte for byte, wherever they are built. Images are not.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
BIN = ROOT / ".venv/bin"
CLIENT = ROOT / "clients/typescript"
PACKAGES = [
    "shared",
    *sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("services/*"), *ROOT.glob("tools/*")]),
]
# Each of these is deployed as an image, with a lock and a bill of materials.
DEPLOYABLES = [Path(package).name for package in PACKAGES if package != "shared"]
IMAGES = "images.txt"
NOTES = "RELEASE_NOTES.md"
SUMS = "SHA256SUMS"


class Stop(Exception):
    """The release cannot be built; the message says what to do."""


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    """Run a command, in ROOT by default, and return what it printed. Raises: `Stop` if it fails, after showing that."""
    done = subprocess.run(  # noqa: S603
        [str(part) for part in command],
        cwd=cwd or ROOT,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.stderr.write(done.stdout[-4000:] + done.stderr[-4000:])
        raise Stop(f"{' '.join(map(str, command[:3]))} … failed, see above")
    return done.stdout.strip()


def notes(version: str) -> str:
    """Return what CHANGELOG.md says of this version. Raises: `Stop` if it has no section for it."""
    text = (ROOT / "CHANGELOG.md").read_text()
    found = re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d{{2}}-\d{{2}}\n(.*?)(?=^## \[|\Z)", text, re.M | re.S)
    if found is None or not found[1].strip():
        raise Stop(
            f"CHANGELOG.md has no lines under `## [{version}] - YYYY-MM-DD`: "
            'write this heading, and move there what is under "Unreleased"'
        )
    return found[1].strip() + "\n"


def as_page(text: str, version: str) -> str:
    """Return notes for the page of a release: GitHub breaks each line there, and knows no path of the repository."""
    text = re.sub(r"(?<=[^\n|])\n *(?![\s#*|-]|```)", " ", text)
    repository = os.environ.get("GITHUB_REPOSITORY")
    if not repository:
        return text
    address = f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}/blob/v{version}/"
    return re.sub(r"\]\((?!https?:)", f"]({address}", text)


def revision(*, dirty: bool) -> tuple[str, str]:
    """Return the commit to build, and its time in seconds since 1970. Raises: `Stop` if the work tree has changes."""
    changed = re.findall(r"^ ?\S+ +(.+)$", run("git", "status", "--porcelain"), re.MULTILINE)
    if changed and not dirty:
        names = ", ".join(changed[:5]) + (", …" if changed[5:] else "")
        raise Stop(f'the work tree has changes ({names}): commit them, or try with `make release ARGS="--dirty"`')
    return run("git", "rev-parse", "HEAD"), run("git", "log", "-1", "--format=%ct")


def refuse_released(version: str, commit: str) -> None:
    """Raises: `Stop` if this version was released from another commit."""
    tagged = run("git", "for-each-ref", "--format=%(objectname) %(*objectname)", f"refs/tags/v{version}").split()
    if tagged and tagged[-1] != commit:
        raise Stop(
            f"the tag v{version} is at another commit ({tagged[-1][:12]}): write the next version into VERSION "
            f'(CONTRIBUTING.md, "Make a release"), or build that one: `git checkout v{version}`'
        )


def build_packages(epoch: str) -> None:
    """Build an sdist of each package, and a wheel from the sdist alone, as its users would."""
    for package in PACKAGES:
        with tempfile.TemporaryDirectory() as folder:
            build = (BIN / "hatchling", "build", "-d")
            run(*build, folder, "-t", "sdist", cwd=ROOT / package, SOURCE_DATE_EPOCH=epoch)
            (sdist,) = Path(folder).iterdir()
            with tarfile.open(sdist) as archive:
                archive.extractall(folder, filter="data")
            source = sdist.with_name(sdist.name.removesuffix(".tar.gz"))
            run(*build, DIST, "-t", "wheel", cwd=source, SOURCE_DATE_EPOCH=epoch)
            shutil.copy(sdist, DIST)


def build_client() -> None:
    """Build the npm package of the TypeScript client, by the tools in its lock."""
    run("npm", "ci", "--silent", cwd=CLIENT)
    run("npm", "pack", "--silent", "--pack-destination", DIST, cwd=CLIENT)


def write_boms(version: str, epoch: str) -> None:
    """Write what each deployable contains besides our own packages: a CycloneDX document, from its lock."""
    for package in PACKAGES[1:]:
        project = tomllib.loads((ROOT / package / "pyproject.toml").read_text())["project"]
        with tempfile.TemporaryDirectory() as folder:
            about = Path(
                folder, "pyproject.toml"
            )  # our own file has its version in another one, which cyclonedx-py cannot see
            about.write_text("[project]\n" + "".join(
                f"{key} = {value!r}\n" for key, value in {**project, "version": version}.items()
                if key in {"name", "version", "description", "license"}
            ))  # fmt: skip
            lock, bom = f"requirements/{project['name']}.lock", DIST / f"{project['name']}-{version}.cdx.json"
            options = ("--output-reproducible", "--spec-version", "1.6", "--pyproject", about)
            found = json.loads(run(BIN / "cyclonedx-py", "requirements", *options, lock, SOURCE_DATE_EPOCH=epoch))
        for component in found["components"]:
            component.pop("description")  # the lock's line, with all hashes, which are listed anyway
        bom.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def engine() -> str:
    """Return the container engine that answers. Raises: `Stop` if none does."""
    reasons = []
    for name in ("docker", "podman"):
        if not shutil.which(name):
            reasons.append(f"{name}: is missing")
            continue
        done = subprocess.run([name, "info"], capture_output=True, check=False, text=True)  # noqa: S603
        if done.returncode == 0:
            return name
        reasons.append(f"{name}: {(done.stderr.strip() or f'exit code {done.returncode}').splitlines()[0]}")
    raise Stop(
        f"neither docker nor podman answers ({'; '.join(reasons)}): "
        'start one, or leave the images out with `make release ARGS="--without-images"`'
    )


def require_npm() -> None:
    """Raises: `Stop` if npm is missing."""
    if not shutil.which("npm"):
        raise Stop(
            "npm is missing: install Node 20 or newer, "
            'or leave the TypeScript client out with `make release ARGS="--without-client"`'
        )


def build_images(docker: str, version: str, commit: str, base: str) -> None:
    """Build an image of each deployable, and list names and IDs in dist/images.txt."""
    lines = []
    for name in DEPLOYABLES:
        tag = f"casebridge/{name}:{version}"
        given = {"SERVICE": name, "VERSION": version, "REVISION": commit, "PYTHON_IMAGE": base}
        arguments = [f"--build-arg={key}={value}" for key, value in given.items()]
        run(docker, "build", "--quiet", *arguments, "--tag", tag, ".")
        lines.append(f"{tag} {run(docker, 'image', 'inspect', '--format', '{{.Id}}', tag)}\n")
        print(f"release: built {tag}")
    (DIST / IMAGES).write_text("".join(lines))


def write_sums() -> None:
    """Write a line for each file of dist/, for `sha256sum --check`."""
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(DIST.iterdir())]
    (DIST / SUMS).write_text("".join(lines))


def say(version: str, missing: list[str], base: str) -> None:
    """Print what was built, what is missing, and where each part would go."""
    files = [path.name for path in sorted(DIST.iterdir())]
    registry = os.environ.get("IMAGE_REGISTRY") or "IMAGE_REGISTRY (not set)"
    print(f"release: {version} is in dist/. Nothing was published. .github/workflows/release.yml would publish")
    print(f"  as assets of the release v{version}: {', '.join(files)}")
    if (DIST / IMAGES).exists():
        print(f"  to {registry}: {', '.join(f'{name}:{version}' for name in DEPLOYABLES)}")
        if "@sha256:" not in base:
            print(f"  The images are based on {base}, which is not a digest: name one in PYTHON_IMAGE.")
    print("  and nothing to the Python and npm indexes: dist/*.whl and dist/*.tgz can be uploaded from there by hand.")
    for part in missing:
        print(f"release: NOT BUILT, as you asked: {part}")


def options(arguments: list[str]) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dirty", action="store_true", help="build although the work tree has changes, to try it")
    parser.add_argument("--tag", help="fail unless this is the tag of VERSION")
    parser.add_argument("--without-images", action="store_true")
    parser.add_argument("--without-client", action="store_true")
    return parser.parse_args(arguments)


def main() -> int:
    """Build everything; return the exit code."""
    try:
        build(options(sys.argv[1:]))
    except Stop as reason:
        print(f"release: {reason}", file=sys.stderr)
        return 1
    return 0


def build(wanted: argparse.Namespace) -> None:
    """Build everything. Raises: `Stop` if that is not possible, mostly before anything in dist/ changes."""
    version = (ROOT / "VERSION").read_text().strip()
    base = os.environ.get("PYTHON_IMAGE") or "python:3.13-slim"
    if wanted.tag not in {None, f"v{version}"}:
        raise Stop(f"the tag is {wanted.tag}, but VERSION says {version}: they must agree")
    text = notes(version)
    commit, epoch = revision(dirty=wanted.dirty)
    if not wanted.dirty:
        refuse_released(version, commit)
    docker = None if wanted.without_images else engine()
    if not wanted.without_client:
        require_npm()
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    build_packages(epoch)
    write_boms(version, epoch)
    missing = []
    if wanted.without_client:
        missing.append("the TypeScript client")
    else:
        build_client()
    if docker:
        build_images(docker, version, commit, base)
    else:
        missing.append("images")
    (DIST / NOTES).write_text(as_page(text, version))
    write_sums()
    say(version, missing, base)


if __name__ == "__main__":
    sys.exit(main())

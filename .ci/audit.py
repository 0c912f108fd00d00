"""Looks for known vulnerabilities in the versions that requirements/*.lock pin, with pip-audit.

Fails if it finds one. If it cannot reach the vulnerability data it says so, and does not fail: that says nothing
about the change that is being checked.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

# The first lock has one package: if its look-up fails, the index is not asked about a hundred others.
# dev.lock constrains every lock of a deployable.
LOCKS = ("requirements/bootstrap.lock", "requirements/dev.lock")


class NoData(Exception):
    """No vulnerability data is available; the message says why."""


def look_up(lock: str) -> list[dict[str, Any]]:
    """Return what pip-audit says of each package in `lock`. Raises: `NoData` if it knows none of them."""
    command = [str(Path(sys.executable).parent / "pip-audit"), "--require-hashes", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", "--requirement", lock]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        dependencies: list[dict[str, Any]] = json.loads(run.stdout)["dependencies"]
    except ValueError:
        raise NoData((run.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]) from None
    if all("skip_reason" in one for one in dependencies):
        raise NoData("the index has no vulnerability data")
    return dependencies


def vulnerabilities(dependencies: list[dict[str, Any]]) -> list[str]:
    """Return a line for each vulnerability."""
    return sorted(
        {
            f"{one['name']} {one['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'none yet'}"
            for one in dependencies
            for found in one.get("vulns", ())
        }
    )


def main() -> int:
    """Audit every lock; return the exit code."""
    dependencies: list[dict[str, Any]] = []
    for lock in LOCKS:
        try:
            dependencies += look_up(lock)
        except NoData as reason:
            print(f"audit: NOT DONE for {lock} and what follows it: {reason}")
            break
    unknown = [one["name"] for one in dependencies if "skip_reason" in one]
    found = vulnerabilities(dependencies)
    for line in [*found, *(f"{name}: could not be looked up" for name in unknown)]:
        print(f"audit: {line}")
    print(f"audit: {len(dependencies) - len(unknown)} packages looked up, {len(found)} vulnerabilities found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

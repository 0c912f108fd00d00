"""Packages use every dependency that they declare."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROJECTS = [ROOT / "shared", *sorted(ROOT.glob("services/*")), *sorted(ROOT.glob("tools/*"))]
# Modules with another name than their distribution.
MODULES = {
    "pyjwt": "jwt",
    "throttled-py": "throttled",
    "kafka-python": "kafka",
    "opentelemetry-api": "opentelemetry.trace",
}
# Needed, but never imported.
UNSEEN = {
    "fastapi-swagger": "its files are served",
    "httptools": "uvicorn's parser",
    "psycopg": "SQLAlchemy's driver, for migrations",
    "python-multipart": "Starlette reads forms with it",
    "tzdata": "time zones, where the system has none",
    "case-api": "the local stack runs it",
    "d365-sandbox": "the local stack runs it",
    "d365-sync": "the local stack runs it",
    "portal-web": "the local stack runs it",
    "status-sync": "the local stack runs it",
}


def imported(project: Path) -> set[str]:
    found = set()
    for source in project.glob("src/**/*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
    return found


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_every_dependency_is_used(project: Path) -> None:
    declared = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    extras = [one for group in declared.get("optional-dependencies", {}).values() for one in group]
    names = {re.split(r"[^\w-]", one)[0] for one in [*declared["dependencies"], *extras]}
    used = {".".join(one.split(".")[:count]) for one in imported(project) for count in range(1, 6)}
    # opentelemetry-sdk is opentelemetry.sdk, and azure-identity azure.identity.
    modules = {name: {MODULES.get(name, name.replace("-", "_")), name.replace("-", ".")} for name in names}
    assert [name for name in names - UNSEEN.keys() if not modules[name] & used] == []

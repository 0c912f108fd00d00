"""Each `.sql` file is a member of the enum next to its folder, and each member is used."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from case_shared.database.postgres import SqlFile

ROOT = Path(__file__).parents[3]
SOURCES = {path.name: path for path in (*ROOT.glob("services/*/src/*"), ROOT / "shared/src/case_shared")}
TOOLS = ROOT / "tools/casebridge/src"
ROOMS = {"case_shared": "database"}


@pytest.mark.parametrize("package", SOURCES)
def test_the_enum_names_the_files_and_nothing_else(package: str) -> None:
    room = SOURCES[package] / ROOMS.get(package, "postgres")
    files = {file.stem for file in room.glob("sql/*.sql")}
    assert {statement.value for statement in statements_of(package)} == files
    assert len(list(room.parent.rglob("sql/*.sql"))) == len(files), "SQL lies in one folder of a package"


@pytest.mark.parametrize("package", SOURCES)
def test_no_statement_is_unused(package: str) -> None:
    folders = [SOURCES[package], TOOLS] if package == "case_shared" else [SOURCES[package]]
    code = "\n".join(file.read_text(encoding="utf-8") for folder in folders for file in folder.rglob("*.py"))
    used = set(re.findall(r"\bStatement\.([A-Z0-9_]+)", code))
    assert {statement.name for statement in statements_of(package)} == used


@pytest.mark.parametrize("package", SOURCES)
def test_a_running_service_reads_no_statement_from_the_disk(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = statements_of(package)
    monkeypatch.setattr(Path, "open", lambda *_, **__: pytest.fail("a file was read"))
    assert all(statement.text for statement in statements)


def statements_of(package: str) -> type[SqlFile]:
    module = import_module(f"{package}.{ROOMS.get(package, 'postgres')}.statements")
    found: type[SqlFile] = module.Statement
    return found

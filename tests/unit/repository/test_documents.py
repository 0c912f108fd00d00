"""Everything that documents and comments refer to exists: files, headings, commands, options."""

import os
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from casebridge.cli import app

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("tools/*/README.md"),
        *ROOT.glob("deploy/**/*.md"),
        *ROOT.glob("services/*/README.md"),
        ROOT / "tests/README.md",
        ROOT / "clients/typescript/README.md",
    ]
)
COMMANDS = get_command(app)
# Written by `make capacity`, which takes half an hour.
WRITTEN_LATER = {"docs/capacity.md"}
POINTER = re.compile(r"(?<![\w/.-])(docs/[\w/.-]+\.md)(?:#([\w-]+))?")
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def shell_lines(document: Path) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", document.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


@each_document
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", document.read_text())
    assert [
        link for link in links if not leads_somewhere(document.parent / link[0] if link[0] else document, link[1])
    ] == []


def test_pointers_in_code_lead_somewhere() -> None:
    kinds = {".py", ".sql", ".toml"}
    pointers = [
        (path.relative_to(ROOT).as_posix(), *pointer)
        for path in files_of_the_repository()
        if path.suffix in kinds and path != Path(__file__)
        for pointer in POINTER.findall(path.read_text(errors="replace"))
        if pointer[0] not in WRITTEN_LATER
    ]
    assert len(pointers) > 30
    assert [(at, to, anchor) for at, to, anchor in pointers if not leads_somewhere(ROOT / to, anchor)] == []


@pytest.mark.parametrize("pointer", ["docs/no-such.md", "docs/design.md#no-such-heading", "docs/adr/none.md"])
def test_a_wrong_pointer_is_seen(pointer: str) -> None:
    [(file, anchor)] = POINTER.findall(f"# Why: see {pointer}.")
    assert not leads_somewhere(ROOT / file, anchor)


def test_the_repository_points_to_nothing_outside_of_it() -> None:
    outside = re.compile(r"DESIGN section|\bDESIGN [0-9]|(?<![\w/])reference/[a-z]|\bd365-live\b")
    texts = (path for path in texts_of_the_repository() if path != Path(__file__))
    assert [
        path.relative_to(ROOT).as_posix() for path in texts if outside.search(path.read_text(errors="replace"))
    ] == []


@pytest.mark.parametrize(
    "question",
    [
        "where-does-a-draft-become-an-event",
        "when-is-a-case-surely-absent-from-d365",
        "what-happens-on-429",
        "when-is-a-status-read-ignored",
        "who-may-replay",
    ],
)
def test_a_newcomer_finds_the_code_that_decides_in_three_hops(question: str) -> None:
    design = (ROOT / "docs/design.md").read_text()
    contents, *sections = design.split("\n## ")
    [section] = [text for text in sections if anchor_of(text.splitlines()[0]) == question]
    assert "](docs/design.md)" in (ROOT / "README.md").read_text()
    assert f"](#{question})" in contents
    named = re.findall(r"\[(`[\w/.]+\.(?:py|sql)`)\]", section)
    assert named
    assert [name for name in named if f"\n[{name}]: ../" not in design] == []


def test_the_vocabulary_has_one_word_for_one_idea() -> None:
    rows = (ROOT / "docs/design.md").read_text().partition("\n## Vocabulary\n")[2]
    words = re.findall(r"^\| ([\w ,-]+) \|", rows, re.MULTILINE)[2:]  # below the heading
    assert len(set(words)) == len(words)
    assert 20 < len(words) <= 40


def leads_somewhere(file: Path, anchor: str) -> bool:
    """Whether the file exists, and the heading in it."""
    return file.exists() and (not anchor or anchor in anchors_of(file))


@cache
def anchors_of(document: Path) -> set[str]:
    """The anchors that GitHub creates from a document's headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL), re.MULTILINE)
    return {anchor_of(heading) for heading in headings}


def anchor_of(heading: str) -> str:
    """The anchor that GitHub creates from a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@each_document
def test_make_knows_its_targets(document: Path) -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    written = set(re.findall(r"`make ([a-z-]+)", document.read_text()))
    written |= {match[1] for line in shell_lines(document) if (match := re.match(r"make ([a-z-]+)", line))}
    assert written <= known


@each_document
def test_casebridge_knows_its_commands_and_options(document: Path) -> None:
    written = [match[1] for line in shell_lines(document) if (match := re.search(r"\bcasebridge ([a-z].*)", line))]
    written += re.findall(r"`casebridge ([^`]+)`", document.read_text())
    assert [line for line in written if not is_known(shlex.split(line.rstrip(")"), comments=True))] == []


def is_known(words: list[str]) -> bool:
    """Whether these words are a command with its own options."""
    command: Any = COMMANDS
    while words and words[0] in (commands := getattr(command, "commands", {})):
        command, words = commands[words[0]], words[1:]
    options = {name for parameter in command.params for name in parameter.opts}
    given = {word.partition("=")[0] for word in words if word.startswith("-")}
    whole = not hasattr(command, "commands") or not words or words[0].startswith(("-", "…"))
    return whole and given <= options | {"--help"}


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "docs/design.md"])
def test_named_files_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    files = {path.relative_to(ROOT).as_posix() for path in files_of_the_repository()}
    named = re.findall(r"`(shared: )?([\w/.-]+\.(?:py|sql|json|md))`", text)
    paths = [f"shared/src/case_shared/{name}" if shared else name for shared, name in named]
    assert [path for path in paths if not any(f"/{file}".endswith(f"/{path}") for file in files)] == []


def test_field_reports_name_tests_that_exist() -> None:
    text = (ROOT / "docs/field-reports.md").read_text()
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    named = {name for row in rows for name in re.findall(r"`([\w/]+\.py(?:::\w+)?)`", row[-1])}
    assert [row for row in rows if len(row) != 4 or not ("`" in row[3] or row[3] == "test |")] == []
    assert len(named) > 40
    assert sorted(name for name in named if not is_a_test(*name.split("::"))) == []


def is_a_test(file: str, function: str | None = None) -> bool:
    path = ROOT / "tests" / file
    return path.exists() and (function is None or f"def {function}(" in path.read_text())


def test_decisions_have_numbers_of_their_own() -> None:
    files = sorted(path for path in (ROOT / "docs/adr").glob("*.md") if path.name != "template.md")
    assert [path.name[:4] for path in files] == [f"{number:04d}" for number in range(1, len(files) + 1)]
    assert [path.name for path in files if not path.read_text().startswith(f"# {path.name[:4]}. ")] == []


def test_decisions_that_are_named_exist() -> None:
    numbers = {path.name[:4] for path in (ROOT / "docs/adr").glob("0*.md")}
    named = {
        (path.relative_to(ROOT).as_posix(), number.zfill(4))
        for path in texts_of_the_repository()
        for number in re.findall(r"(?:\bADR[ -]?|\badr/)(\d+)", path.read_text(errors="replace"))
    }
    assert len(named) > 10
    assert sorted((file, number) for file, number in named if number not in numbers) == []


def texts_of_the_repository() -> Iterator[Path]:
    kinds = {".py", ".sql", ".md", ".yml", ".toml", ".js", ".ts", ".sh", ".html", ""}
    return (path for path in files_of_the_repository() if path.suffix in kinds)


def files_of_the_repository() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in {"node_modules", "dist"}]
        yield from (Path(folder) / name for name in names)

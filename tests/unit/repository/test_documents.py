"""What the documents tell is there: files, commands, options."""

import re
import shlex
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
        ROOT / "clients/typescript/README.md",
    ]
)
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def shell_lines(document: Path) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", document.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


@each_document
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@each_document
def test_make_knows_its_targets(document: Path) -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = set(re.findall(r"`make ([a-z-]+)", document.read_text()))
    told |= {match[1] for line in shell_lines(document) if (match := re.match(r"make ([a-z-]+)", line))}
    assert told <= known


@each_document
def test_casebridge_knows_its_commands_and_options(document: Path) -> None:
    told = [match[1] for line in shell_lines(document) if (match := re.search(r"\bcasebridge ([a-z].*)", line))]
    told += re.findall(r"`casebridge ([^`]+)`", document.read_text())
    assert [line for line in told if not is_known(shlex.split(line.rstrip(")"), comments=True))] == []


def is_known(words: list[str]) -> bool:
    """Whether these are a command's words, and the options are its own."""
    command: Any = get_command(app)
    while words and words[0] in (commands := getattr(command, "commands", {})):
        command, words = commands[words[0]], words[1:]
    options = {name for parameter in command.params for name in parameter.opts}
    given = {word.partition("=")[0] for word in words if word.startswith("-")}
    whole = not hasattr(command, "commands") or not words or words[0].startswith(("-", "…"))
    return whole and given <= options | {"--help"}


def test_architecture_names_files_that_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    files = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("*/**/*.*") if ".venv" not in path.parts}
    named = re.findall(r"`(?:shared: )?([\w/.-]+\.(?:py|sql|json|md))`", text)
    assert [name for name in named if not any(f"/{file}".endswith(f"/{name}") for file in files)] == []

"""Scopes are members of `Scope` in our code, never free strings."""

import ast
import re
from pathlib import Path

from case_shared.words.scopes import Scope

ROOT = Path(__file__).parents[3]


def test_no_code_writes_a_scope_out() -> None:
    folders = ("services/*/src", "shared/src", "tools/*/src")
    files = {file for folder in folders for source in ROOT.glob(folder) for file in source.rglob("*.py")}
    written = {
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in files - {ROOT / "shared/src/case_shared/words/scopes.py"}
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in set(Scope)
    }
    assert not written


def test_pages_ask_for_scopes_that_exist() -> None:
    asked = {
        scope
        for page in ROOT.glob("services/portal-web/src/**/*.html")
        for scope in re.findall(r'\bmay\("([^"]*)"\)', page.read_text(encoding="utf-8"))
    }
    assert asked
    assert asked <= set(Scope)

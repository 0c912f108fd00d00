"""Documents follow the style guide's words and line lengths, and the check finds violations."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROSE = runpy.run_path(str(ROOT / ".ci/prose.py"))


def test_documents_keep_to_the_style_guide() -> None:
    names = PROSE["documents"](ROOT)
    assert [problem for name in names for problem in PROSE["problems"](name, (ROOT / name).read_text())] == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Mend these fields", ['x.md:1: "Mend": fix, correct']),
        ("You can mend it.", ['x.md:1: "mend": fix, correct']),
        ("The body is no JSON.", ['x.md:1: "no JSON": not valid JSON, not UTF-8, not a number']),
        ("There is no dealer which has it.", ['x.md:1: "There is no dealer which": No … does']),
        ('Do not write "mend", `told` or [hold](mend.md).', ['x.md:1: "hold": keep, contain, apply']),
        ("x" * 121, ["x.md:1: longer than 120 characters"]),
        ("[a](" + "x" * 121 + ")", []),
        ("| " + "x" * 121 + " |", []),
        ("```\nmend\n```", []),
        ("the threshold of a stand-in", []),
    ],
)
def test_the_check_sees_what_breaks_a_rule(line: str, found: list[str]) -> None:
    assert list(PROSE["problems"]("x.md", line)) == found

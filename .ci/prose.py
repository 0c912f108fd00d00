"""Checks every document for the style guide's words and line lengths (CONTRIBUTING.md#style).

Prints each line that breaks a rule, with what to write in its place, and exits 1.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LONGEST = 120
# Programs write these, or they record what was said at the time.
EXEMPT = frozenset(
    {"docs/benchmarks.md", "docs/capacity.md", "docs/fault-report.md", "docs/soak-report.md", "CHANGELOG.md"}
)
# What to look for, and what to write instead.
WORDS = {
    r"mend(s|ed|ing)?": "fix, correct",
    r"tells?|told": "say, show, report, return",
    r"holds?|held": "keep, contain, apply",
    r"stands?(?!-in)": "is, remains",
    r"whom": "who, or turn the sentence around",
    r"anew": "again",
    r"in vain": "without success",
    r"(for|as) ever": "forever, as before",
    r"doorbells?": "notification (an event), wake-up (in a process)",
    r"read-?backs?|reads? back": "look-up, look up",
    r"no (JSON|UTF-8|number)": "not valid JSON, not UTF-8, not a number",
    r"(is|are|was|were) no longer there": "is gone",
    r"there (is|are) no [\w ]{1,30} (which|that)": "No … does",
    r"so (many|long) (?!as)": "this many, this long",
    r"bidden|deeds?|thither|whence|wherein": "plain words",
    r"looks? after": "manage, operate",
}
RULES = {re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE): instead for pattern, instead in WORDS.items()}
_CODE = re.compile(r"`[^`]*`|\]\([^)]*\)|\]: \S+|https?://\S+|\"[^\"]*\"")

# A row of a table, a link's target, a list item that is one piece of code: lines that cannot be broken.
_ONE_PIECE = re.compile(r"\s*(\||\[[^\]]*\]: |- `[^`]*`$)")


def problems(name: str, text: str) -> Iterator[str]:
    """Yield what breaks a rule in the document `name`; ignores code, quotations and addresses."""
    code = False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            code = not code
        if code:
            continue
        if not _ONE_PIECE.match(line) and len(re.sub(r"\]\([^)]*\)", "]", line)) > LONGEST:
            yield f"{name}:{number}: longer than {LONGEST} characters"
        prose = _CODE.sub("", line)
        for rule, instead in RULES.items():
            if found := rule.search(prose):
                yield f'{name}:{number}: "{found[0]}": {instead}'


def documents(root: Path) -> list[str]:
    """Return the documents that people write and git tracks."""
    names = subprocess.run(
        ["git", "ls-files", "*.md"],  # noqa: S607
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return [name for name in names if name not in EXEMPT]


def main() -> None:
    """Check every document, and exit with 1 if one breaks a rule."""
    root = Path(__file__).parents[1]
    found = [problem for name in documents(root) for problem in problems(name, (root / name).read_text())]
    print(*found, sep="\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()

"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path,
    typer.Option("--data-dir", metavar="DIR", help="Where the stack keeps its data.", resolve_path=True),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
DEFAULT_DATA_DIR = Path(".casebridge")

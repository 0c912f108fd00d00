"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path,
    typer.Option("--data-dir", metavar="DIR", help="Where the stack keeps its data.", resolve_path=True),
]
DEFAULT_DATA_DIR = Path(".casebridge")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Url = Annotated[
    str | None,
    typer.Option("--url", envvar="CASEBRIDGE_URL", help="Address of d365-sync; default: the stack of --data-dir."),
]
Token = Annotated[
    str | None,
    typer.Option("--token", envvar="CASEBRIDGE_TOKEN", help="Access token; default: made for you by the local stack."),
]
Reason = Annotated[str, typer.Option("--reason", "-r", metavar="TEXT", help="Why; it goes into the audit.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]
Cursor = Annotated[str | None, typer.Option(help="Go on behind a page: its `next`.")]
Dealer = Annotated[str | None, typer.Option(help="Only of this dealer.")]
Cause = Annotated[str | None, typer.Option(help="Only with this cause.")]
OlderThan = Annotated[float | None, typer.Option("--older-than", metavar="SECONDS", help="Only those that old.")]
Text = Annotated[str | None, typer.Option("--text", "-q", help="Only with this text in ids, reason or detail.")]

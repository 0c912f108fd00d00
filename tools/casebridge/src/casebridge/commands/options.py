"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path,
    typer.Option("--data-dir", metavar="DIR", help="The folder with the stack's data.", resolve_path=True),
]
DEFAULT_DATA_DIR = Path(".casebridge")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Url = Annotated[
    str | None,
    typer.Option("--url", envvar="CASEBRIDGE_URL", help="The address of d365-sync. Default: the stack in --data-dir."),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token", envvar="CASEBRIDGE_TOKEN", help="An access token. Default: one that the local stack creates for you."
    ),
]
Reason = Annotated[str, typer.Option("--reason", "-r", metavar="TEXT", help="The reason, for the audit.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
Limit = Annotated[int, typer.Option(min=1, help="The most entries to show.")]
Cursor = Annotated[str | None, typer.Option(help="`next` of the previous page.")]
Dealer = Annotated[str | None, typer.Option(help="Only documents of this dealer.")]
Cause = Annotated[str | None, typer.Option(help="Only documents with this cause.")]
OlderThan = Annotated[
    float | None, typer.Option("--older-than", metavar="SECONDS", help="Only documents that are at least this old.")
]
Text = Annotated[
    str | None, typer.Option("--text", "-q", help="Only documents with this text in an ID, the reason or the detail.")
]

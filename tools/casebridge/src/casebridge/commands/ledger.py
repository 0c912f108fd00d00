"""`casebridge ledger`: does every submitted case have its place?"""

from typing import Annotated, Any

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json, Token, Url
from casebridge.output import show_document

# The comparison reads every D365 case with a Web Case ID, a thousand per request.
COMPARISON_SECONDS = 1800


def ledger(
    d365: Annotated[bool, typer.Option("--d365", help="Also compare with the cases in D365.")] = False,
    older_than: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Check submissions that are at least this old. Default: five minutes."),
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Check that no submission is missing. The exit code is 1 if the ledger does not add up. Cases in flight count."""
    from casebridge.api import operator_api

    api = operator_api(data_dir, url, token)
    asked: dict[str, Any] = {"d365": "true", "within_seconds": COMPARISON_SECONDS} if d365 else {}
    found = api.get("/v1/ledger", older_than_seconds=older_than, **asked).body
    show_document(found, json=json)
    if not found["adds_up"]:
        raise typer.Exit(1)

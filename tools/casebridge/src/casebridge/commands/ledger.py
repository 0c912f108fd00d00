"""`casebridge ledger`: does every submitted case have its place?"""

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json, Token, Url
from casebridge.output import render_fields, write_json


def ledger(data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Print the ledger; exits with 1 where it does not add up. Cases in flight do add up."""
    from casebridge.api import operator_api

    found = operator_api(data_dir.resolve(), url, token).get("/v1/ledger").body
    if json:
        write_json(found)
    else:
        render_fields(found)
    if not found["adds_up"]:
        raise typer.Exit(1)

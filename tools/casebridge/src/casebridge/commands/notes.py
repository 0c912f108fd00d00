"""`casebridge queue note | notes | preview`: what operators write to each other, and what a replay would send."""

from pathlib import Path
from typing import Annotated

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, Cursor, DataDir, Json, Limit, Token, Url
from casebridge.commands.queue import DocumentId, read_payload
from casebridge.output import show_document, show_page


def note(
    document: DocumentId,
    text: Annotated[
        str,
        typer.Option(
            "--text", metavar="TEXT", help="What the other operators should know. Do not enter personal data."
        ),
    ],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Add a note to a document; dealers do not see it."""
    from casebridge.api import operator_api

    api = operator_api(data_dir, url, token)
    show_document(api.call("POST", f"/v1/documents/{document}/notes", body={"text": text}).body, json=json)


def notes(
    document: DocumentId,
    limit: Limit = 50,
    cursor: Cursor = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """List a document's notes, newest first."""
    from casebridge.api import operator_api

    page = operator_api(data_dir, url, token).page(f"/v1/documents/{document}/notes", limit, cursor)
    show_page(page, ["at", "author", "text"], json=json)


def preview(
    document: DocumentId,
    payload: Annotated[
        Path | None, typer.Option(help="A JSON file with the payload to send instead.", exists=True, dir_okay=False)
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show what a replay would send to D365, and what an edited payload changes. Nothing is sent."""
    from casebridge.api import operator_api

    body = {"payload": read_payload(payload)} if payload else {}
    api = operator_api(data_dir, url, token)
    show_document(api.call("POST", f"/v1/documents/{document}/preview", body=body).body, json=json)

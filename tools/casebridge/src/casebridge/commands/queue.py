"""`casebridge queue`: the document queue, for operators."""

import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json, Reason, Token, Url
from casebridge.errors import UsageError
from casebridge.output import render_fields, render_table, write_json

queue = typer.Typer(name="queue", help="See why cases did not reach D365, and give them an end.", no_args_is_help=True)

DocumentId = Annotated[str, typer.Argument(metavar="DOCUMENT", help="<Web Case ID>-<submission number>")]
COLUMNS = ["id", "dealer", "state", "cause", "attempts", "created_at", "next_attempt_at", "reason"]


@queue.command("list")
def list_documents(
    state: Annotated[str | None, typer.Option(help="Only in this state, such as failed.")] = None,
    dealer: Annotated[str | None, typer.Option(help="Only of this dealer.")] = None,
    cause: Annotated[str | None, typer.Option(help="Only with this cause.")] = None,
    older_than: Annotated[float | None, typer.Option(metavar="SECONDS", help="Only those that old.")] = None,
    text: Annotated[str | None, typer.Option("--text", "-q", help="Only with this text in ids or reason.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """List documents."""
    from casebridge.api import operator_api

    filters = {"state": state, "dealer": dealer, "cause": cause, "older_than_seconds": older_than, "q": text}
    items = operator_api(data_dir.resolve(), url, token).items("/v1/documents", limit, **filters)
    if json:
        write_json({"items": items})
    else:
        render_table(COLUMNS, [[cell(item.get(column)) for column in COLUMNS] for item in items])


@queue.command()
def show(
    document: DocumentId,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show one document: its payload, and every attempt with what was sent and answered."""
    from casebridge.api import operator_api

    found = operator_api(data_dir.resolve(), url, token).get(f"/v1/documents/{document}").body
    if json:
        write_json(found)
        return
    attempts = found.pop("attempts", None) or []
    render_fields(found)
    for number, attempt in enumerate(attempts, start=1):
        print(f"\nattempt {number}")
        render_fields(attempt)


@queue.command()
def groups(data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Count the documents that failed, by cause."""
    from casebridge.api import operator_api

    found = operator_api(data_dir.resolve(), url, token).get("/v1/document-groups").body
    if json:
        write_json(found)
        return
    columns = list(found["items"][0]) if found["items"] else ["cause", "count"]
    render_table(columns, [[item.get(column) for column in columns] for item in found["items"]])


@queue.command()
def replay(
    document: DocumentId,
    reason: Reason,
    payload: Annotated[
        Path | None, typer.Option(help="A JSON file with the payload to send instead.", exists=True, dir_okay=False)
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Try to deliver it again, perhaps with an edited payload."""
    edited = {"payload": read_payload(payload)} if payload else {}
    act(document, "replay", {"reason": reason, **edited}, data_dir, url, token, json=json)


@queue.command()
def link(
    document: DocumentId,
    case_id: Annotated[str, typer.Option(help="The Case ID that it has in D365.")],
    reason: Reason,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Tie it to a case that D365 already has."""
    act(document, "link", {"reason": reason, "case_id": case_id}, data_dir, url, token, json=json)


@queue.command()
def verify(
    document: DocumentId,
    reason: Reason,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Look it up in D365 now."""
    act(document, "verify", {"reason": reason}, data_dir, url, token, json=json)


@queue.command("return")
def give_back(
    document: DocumentId,
    reason: Reason,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Give it back to its dealer as a draft, with the reason."""
    act(document, "return", {"reason": reason}, data_dir, url, token, json=json)


@queue.command()
def discard(
    document: DocumentId,
    reason: Reason,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """End it; `restore` undoes that."""
    act(document, "discard", {"reason": reason}, data_dir, url, token, json=json)


@queue.command()
def restore(
    document: DocumentId,
    reason: Reason,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Undo a discard."""
    act(document, "restore", {"reason": reason}, data_dir, url, token, json=json)


def act(
    document: str, action: str, body: dict[str, Any], data_dir: Path, url: str | None, token: str | None, *, json: bool
) -> None:
    """Do one thing to one document, and tell what it is like then."""
    from casebridge.api import operator_api

    after = operator_api(data_dir.resolve(), url, token).act(f"/v1/documents/{document}", action, body)
    if json:
        write_json(after)
    else:
        print(f"{document}: {after['state']}" if after else f"{document}: {action} done")


def read_payload(file: Path) -> dict[str, Any]:
    """The edited payload; raises UsageError where the file holds none."""
    try:
        payload = jsonlib.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise UsageError(f"{file} is not JSON: {error}") from error
    if not isinstance(payload, dict):
        raise UsageError(f'{file} must hold a JSON object, such as {{"category": …}}')
    return payload


def cell(value: Any) -> Any:
    """A value as a table shows it: of a list its length."""
    return len(value) if isinstance(value, list) else value

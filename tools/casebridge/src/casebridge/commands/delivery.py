"""`casebridge queue delivery | pause | resume | audit | unreadable | let-through`: delivery as a whole."""

from pathlib import Path
from typing import Annotated, Any

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json, Reason, Token, Url
from casebridge.output import render_fields, render_table, write_json

Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]


def delivery(data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Show how delivery goes: breaker, pause, concurrency, backlog."""
    from casebridge.api import operator_api

    tell(operator_api(data_dir.resolve(), url, token).get("/v1/delivery").body, json=json)


def pause(
    reason: Reason, data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Stop sending to D365; submissions are taken in as before."""
    steer("pause", reason, data_dir, url, token, json=json)


def resume(
    reason: Reason, data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Go on sending to D365."""
    steer("resume", reason, data_dir, url, token, json=json)


def audit(
    document: Annotated[str | None, typer.Option(metavar="DOCUMENT", help="Of this document only.")] = None,
    limit: Limit = 50,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show who did what and why, newest first."""
    from casebridge.api import operator_api

    items = operator_api(data_dir.resolve(), url, token).items("/v1/audit", limit, document=document)
    show_list(items, ["at", "actor", "action", "document", "reason", "fields"], json=json)


def unreadable(
    limit: Limit = 50, data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """List the Kafka records that no service could read; with --json their raw bytes too."""
    from casebridge.api import operator_api

    items = operator_api(data_dir.resolve(), url, token).items("/v1/unreadable-records", limit)
    show_list(items, ["id", "topic", "partition", "offset", "consumer_group", "kept_at", "cause"], json=json)


def let_through(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="The consumer group, as `delivery` names it.")],
    reason: Reason,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Let a consumer keep a flood of unreadable records apart and go on."""
    steer(f"consumers/{group}/let-through", reason, data_dir, url, token, json=json)


def steer(action: str, reason: str, data_dir: Path, url: str | None, token: str | None, *, json: bool) -> None:
    """Change how delivery goes, and show it."""
    from casebridge.api import operator_api

    api = operator_api(data_dir.resolve(), url, token)
    tell(api.call("POST", f"/v1/delivery/{action}", body={"reason": reason}).body, json=json)


def tell(document: dict[str, Any], *, json: bool) -> None:
    """Print one document."""
    if json:
        write_json(document)
    else:
        render_fields(document)


def show_list(items: list[dict[str, Any]], columns: list[str], *, json: bool) -> None:
    """Print a list."""
    if json:
        write_json({"items": items})
    else:
        render_table(columns, [[item.get(column) for column in columns] for item in items])

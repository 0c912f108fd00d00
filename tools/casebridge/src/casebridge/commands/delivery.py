"""`casebridge queue delivery | pause | resume | audit | unreadable | let-through`: delivery as a whole."""

from pathlib import Path
from typing import Annotated

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, Cursor, DataDir, Json, Limit, Reason, Token, Url
from casebridge.output import show_document, show_page


def delivery(data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Show how delivery goes: breaker, pause, concurrency, backlog."""
    from casebridge.api import operator_api

    show_document(operator_api(data_dir, url, token).get("/v1/delivery").body, json=json)


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
    replay: Annotated[str | None, typer.Option(metavar="REPLAY", help="Of this replay of many only.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show who did what and why, newest first."""
    from casebridge.api import operator_api

    page = operator_api(data_dir, url, token).page("/v1/audit", limit, cursor, document=document, replay=replay)
    show_page(page, ["at", "actor", "action", "document", "reason", "fields"], json=json)


def unreadable(
    limit: Limit = 50,
    cursor: Cursor = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """List the Kafka records that no service could read; with --json their raw bytes too."""
    from casebridge.api import operator_api

    page = operator_api(data_dir, url, token).page("/v1/unreadable-records", limit, cursor)
    show_page(page, ["id", "topic", "partition", "offset", "consumer_group", "kept_at", "cause"], json=json)


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

    api = operator_api(data_dir, url, token)
    show_document(api.call("POST", f"/v1/delivery/{action}", body={"reason": reason}).body, json=json)

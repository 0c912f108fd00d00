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
    actor: Annotated[str | None, typer.Option(metavar="USER", help="Of this user only.")] = None,
    action: Annotated[str | None, typer.Option(help="Of this action only, such as discard.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Since then, such as 2026-11-24T08:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show who did what and why, newest first."""
    from casebridge.api import operator_api

    filters = {"document": document, "replay": replay, "actor": actor, "action": action, "since": since, "until": until}
    page = operator_api(data_dir, url, token).page("/v1/audit", limit, cursor, **filters)
    show_page(page, ["at", "actor", "action", "document", "documents", "outcome", "fields", "reason"], json=json)


def unreadable(
    topic: Annotated[str | None, typer.Option(help="Of this topic only.")] = None,
    unseen: Annotated[bool, typer.Option("--unseen", help="Only those at which nobody has looked.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """List the Kafka records that no service could read; with --json their raw bytes too."""
    from casebridge.api import operator_api

    page = operator_api(data_dir, url, token).page(
        "/v1/unreadable-records", limit, cursor, topic=topic, seen="false" if unseen else None
    )
    show_page(
        page,
        ["id", "topic", "partition", "offset", "last_offset", "consumer_group", "kept_at", "seen_by", "cause"],
        json=json,
    )


def seen(
    record: Annotated[int, typer.Argument(metavar="RECORD", help="Its id, as `unreadable` shows it.")],
    reason: Reason,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Tell that you have looked at an unreadable record."""
    from casebridge.api import operator_api

    api = operator_api(data_dir, url, token)
    show_document(api.call("POST", f"/v1/unreadable-records/{record}/seen", body={"reason": reason}).body, json=json)


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
    """Change delivery, and show its state."""
    from casebridge.api import operator_api

    api = operator_api(data_dir, url, token)
    show_document(api.call("POST", f"/v1/delivery/{action}", body={"reason": reason}).body, json=json)

"""`casebridge queue delivery | pause | resume | audit | unreadable | let-through`: delivery as a whole."""

from pathlib import Path
from typing import Annotated

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, Cursor, DataDir, Json, Limit, Reason, Token, Url
from casebridge.output import show_document, show_page


def delivery(data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Show the state of delivery: circuit breaker, pause, concurrency, backlog."""
    from casebridge.api import operator_api

    show_document(operator_api(data_dir, url, token).get("/v1/delivery").body, json=json)


def pause(
    reason: Reason, data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Pause delivery to D365. New submissions still come in."""
    steer("pause", reason, data_dir, url, token, json=json)


def resume(
    reason: Reason, data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Resume delivery to D365."""
    steer("resume", reason, data_dir, url, token, json=json)


def audit(
    document: Annotated[str | None, typer.Option(metavar="DOCUMENT", help="Only entries for this document.")] = None,
    replay: Annotated[str | None, typer.Option(metavar="REPLAY", help="Only entries for this bulk replay.")] = None,
    actor: Annotated[str | None, typer.Option(metavar="USER", help="Only entries for this user.")] = None,
    action: Annotated[str | None, typer.Option(help="Only entries for this action, such as discard.")] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only entries at or after this time, such as 2026-11-24T08:00:00Z."),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only entries before this time.")] = None,
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
    topic: Annotated[str | None, typer.Option(help="Only records of this topic.")] = None,
    unseen: Annotated[bool, typer.Option("--unseen", help="Only records that nobody has seen.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """List the Kafka records that a service could not read. --json includes their raw bytes."""
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
    record: Annotated[int, typer.Argument(metavar="RECORD", help="The record's ID, as `unreadable` shows it.")],
    reason: Reason,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Mark an unreadable record as seen."""
    from casebridge.api import operator_api

    api = operator_api(data_dir, url, token)
    show_document(api.call("POST", f"/v1/unreadable-records/{record}/seen", body={"reason": reason}).body, json=json)


def let_through(
    group: Annotated[str, typer.Argument(metavar="GROUP", help="The consumer group, as `delivery` shows it.")],
    reason: Reason,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Resume a consumer that is paused because of a flood of unreadable records. They are set aside."""
    steer(f"consumers/{group}/let-through", reason, data_dir, url, token, json=json)


def steer(action: str, reason: str, data_dir: Path, url: str | None, token: str | None, *, json: bool) -> None:
    """Change delivery, and show its state."""
    from casebridge.api import operator_api

    api = operator_api(data_dir, url, token)
    show_document(api.call("POST", f"/v1/delivery/{action}", body={"reason": reason}).body, json=json)

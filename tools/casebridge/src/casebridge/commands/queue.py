"""`casebridge queue`: the document queue, for operators."""

import json as jsonlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casebridge.commands.options import (
    DEFAULT_DATA_DIR,
    Cause,
    Cursor,
    DataDir,
    Dealer,
    Json,
    Limit,
    OlderThan,
    Reason,
    Text,
    Token,
    Url,
)
from casebridge.errors import UsageError
from casebridge.output import render_fields, show_page, shown, visible, write_json

if TYPE_CHECKING:
    from casebridge.api import Api

queue = typer.Typer(
    name="queue", help="See why cases did not reach D365, and decide what happens to them.", no_args_is_help=True
)

DocumentId = Annotated[str, typer.Argument(metavar="DOCUMENT", help="<Web Case ID>-<submission number>")]
COLUMNS = ["id", "dealer", "state", "cause", "alarm", "attempt_count", "created_at", "next_attempt_at", "reason"]
ENDS = {
    "verify": "Look up a document in D365 now.",
    "return": "Return a document to its dealer as a draft. The dealer sees the reason.",
    "discard": "End a document without delivering it. `restore` undoes this.",
    "restore": "Restore a discarded document.",
    "acknowledge": "End a document's alarm, such as a second case in D365, after you have dealt with it.",
}


@queue.command("list")
def list_documents(
    state: Annotated[
        str | None, typer.Option(help="Only documents in these states, separated by commas, such as failed,verifying.")
    ] = None,
    dealer: Dealer = None,
    cause: Cause = None,
    alarm: Annotated[str | None, typer.Option(help="Only documents with this alarm, such as second_case.")] = None,
    older_than: OlderThan = None,
    text: Text = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """List documents."""
    from casebridge.api import operator_api

    filters = {
        "state": state,
        "dealer": dealer,
        "cause": cause,
        "alarm": alarm,
        "older_than_seconds": older_than,
        "q": text,
    }
    show_page(operator_api(data_dir, url, token).page("/v1/documents", limit, cursor, **filters), COLUMNS, json=json)


@queue.command()
def show(
    document: DocumentId,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show one document: its payload, and each attempt with the request and the answer."""
    from casebridge.api import operator_api

    found = operator_api(data_dir, url, token).get(f"/v1/documents/{document}").body
    if json:
        write_json(found)
        return
    attempts = found.pop("attempts", None) or []
    render_fields(found)
    for number, attempt in enumerate(attempts, start=found.get("attempt_count", len(attempts)) - len(attempts) + 1):
        print(f"\nattempt {number}")
        render_fields(attempt)


@queue.command()
def groups(data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Count the dead letters by cause."""
    from casebridge.api import operator_api

    found = operator_api(data_dir, url, token).get("/v1/document-groups").body
    show_page(found, ["cause", "count", "first", "last"], json=json)


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
    """Deliver a dead letter again, optionally with an edited payload. `replay-all` does this for many."""
    edited = {"payload": read_payload(payload)} if payload else {}
    act(document, "replay", {"reason": reason, **edited}, data_dir, url, token, json=json)


@queue.command()
def link(
    document: DocumentId,
    case_id: Annotated[str, typer.Option(help="The ID of the case in D365.")],
    reason: Reason,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Link a document to a case that D365 already has. If D365 has two, link the one that the portal should follow."""
    act(document, "link", {"reason": reason, "case_id": case_id}, data_dir, url, token, json=json)


def end(action: str) -> Callable[..., None]:
    """The command for this action, which needs only a reason."""

    def command(
        document: DocumentId,
        reason: Reason,
        data_dir: DataDir = DEFAULT_DATA_DIR,
        url: Url = None,
        token: Token = None,
        json: Json = False,
    ) -> None:
        act(document, action, {"reason": reason}, data_dir, url, token, json=json)

    return command


for name, text in ENDS.items():
    queue.command(name, help=text)(end(name))


def act(
    document: str, action: str, body: dict[str, Any], data_dir: Path, url: str | None, token: str | None, *, json: bool
) -> None:
    """Order one action on one document, and show its new state."""
    from casebridge.api import operator_api

    api, path = operator_api(data_dir, url, token), f"/v1/documents/{document}"
    before = api.get(path).body if action == "verify" else None
    after = api.act(path, action, body)
    if json:
        write_json(after)
    else:
        print(f"{document}: {after['state']}" if after else f"{document}: {action} done")
    if before is not None:
        sys.stderr.write(look_up_result(api, before, after) + "\n")


def look_up_result(api: "Api", before: dict[str, Any], after: dict[str, Any]) -> str:
    """What D365 answered, or why it was not asked yet: then the newest finding is an earlier look-up's."""
    last = last_look_up(after)
    if last and last != last_look_up(before):
        if last["finding"] == "unsure":
            return visible(f"D365 gave no sure answer: {last.get('why') or 'see the attempt'}")
        return f"D365 answered: {last['finding']}"
    why = stopped_by(api.get("/v1/delivery").body)
    return visible(
        f"the look-up has no result yet{': ' + why if why else ''}. It runs by itself; see casebridge queue show "
        f"{after['id']}"
    )


def last_look_up(document: dict[str, Any]) -> dict[str, Any] | None:
    """The last look-up that has ended; a document shows its newest attempts alone, so a count would not do."""
    return next((one for one in reversed(document.get("attempts") or []) if one["finding"]), None)


def stopped_by(delivery: dict[str, Any]) -> str | None:
    """Why nothing is sent to D365 and nothing is looked up there."""
    window = next((one for one in delivery["windows"] if one["state"] == "under_way"), None)
    if refused := delivery["environment"]["refused_url"]:
        return f"D365_URL names a different environment than before, {refused}"
    if delivery["paused"]:
        return f"{delivery['paused_by']} paused delivery ({delivery['paused_reason']})"
    if window:
        return f"maintenance lasts until {shown(window['ends_at'])}"
    if delivery["breaker"]["state"] != "closed":
        return f"nothing is sent to D365 ({delivery['breaker']['reason']})"
    return None


def read_payload(file: Path) -> dict[str, Any]:
    """The edited payload; raises UsageError if the file does not contain one."""
    try:
        payload = jsonlib.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise UsageError(f"{file} is not valid JSON: {error}") from error
    if not isinstance(payload, dict):
        raise UsageError(f'{file} must contain a JSON object, such as {{"category": …}}')
    return payload

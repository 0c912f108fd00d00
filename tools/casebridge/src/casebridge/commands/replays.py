"""`casebridge queue replay-all | replays`: many dead letters at once."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

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
    Yes,
)
from casebridge.errors import UsageError
from casebridge.output import render_fields, show_document, show_page, write_json

if TYPE_CHECKING:
    from casebridge.api import Api

ReplayId = Annotated[str, typer.Argument(metavar="REPLAY", help="The replay's ID.")]
STEERS = {
    "pause": "Pause a replay. Documents that are already in the queue are still sent.",
    "resume": "Resume a paused replay.",
    "cancel": "Cancel a replay. Documents that were not replayed remain failed.",
}
replays = typer.Typer(name="replays", help="List bulk replays; pause, resume or cancel one.")


def replay_all(
    reason: Reason,
    state: Annotated[
        str, typer.Option(help="The state of the documents. Only failed ones can be replayed.")
    ] = "failed",
    dealer: Dealer = None,
    cause: Cause = None,
    older_than: OlderThan = None,
    text: Text = None,
    dry_run: Annotated[bool, typer.Option(help="Change nothing, only show what would happen.")] = False,
    of: Annotated[
        str | None,
        typer.Option("--of", metavar="DRY_RUN", help="Replay exactly the documents of this dry run, as it saw them."),
    ] = None,
    yes: Yes = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Replay all matching dead letters, each once. New cases go first.

    Without --yes or --of, the command starts with a dry run, and replays exactly its documents after you confirm. The
    replay runs in the background: Ctrl-C ends only this command. With --json, the command waits only for the result of
    a dry run.
    """
    from casebridge.api import operator_api

    filters = {"dealer": dealer, "cause": cause, "older_than_seconds": older_than, "q": text}
    given = {name: value for name, value in filters.items() if value is not None}
    if of is not None and (given or dry_run):
        raise UsageError("--of replays the documents of a dry run: remove the other filters and --dry-run")
    api = operator_api(data_dir, url, token)
    which = {"query": {"state": state, **given}}
    if of is None and not dry_run and not yes:
        of = confirmed(watch(api, order(api, {**which, "dry_run": True, "reason": reason})))
    body = {**which, "dry_run": dry_run} if of is None else {"replay_id": of}
    replay = order(api, {**body, "reason": reason})
    if dry_run or not json:
        replay = watch(api, replay)
    show(replay, json=json)


def order(api: "Api", body: dict[str, Any]) -> dict[str, Any]:
    """Order it, only once however often the request is repeated."""
    answer: dict[str, Any] = api.call("POST", "/v1/replays", body=body, headers={"Idempotency-Key": str(uuid4())}).body
    return answer


def confirmed(dry_run: dict[str, Any]) -> str:
    """Ask whether to replay what the dry run saw; return its ID."""
    counts, query = dry_run["counts"], dry_run["query"]
    which = ", ".join(f"{name} = {value}" for name, value in query.items())
    found = ", ".join(
        f"{counts[name]} {name}" for name in ("would_create", "already_there", "still_invalid", "left_out")
    )
    typer.confirm(f"{which}: {found}. Replay these {counts['documents']} documents?", abort=True, err=True)
    replay_id: str = dry_run["replay_id"]
    return replay_id


@replays.callback(invoke_without_command=True)
def list_replays(
    context: typer.Context,
    limit: Limit = 50,
    cursor: Cursor = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """List bulk replays, newest first; pause, resume or cancel one."""
    from casebridge.api import operator_api

    if context.invoked_subcommand is not None:
        return
    page = operator_api(data_dir, url, token).page("/v1/replays", limit, cursor)
    if not json:
        page["items"] = [{**item, **item["counts"], "done": done(item)} for item in page["items"]]
    columns = ["replay_id", "state", "dry_run", "documents", "done", "created_by", "created_at", "reason"]
    show_page(page, columns, json=json)


@replays.command("show")
def show_replay(
    replay: ReplayId,
    outcome: Annotated[str | None, typer.Option(help="Only documents with this outcome, such as left_out.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Show a replay, and what it did with each of its documents."""
    from casebridge.api import operator_api

    api, path = operator_api(data_dir, url, token), f"/v1/replays/{replay}"
    page = api.page(path, limit, cursor, outcome=outcome)
    found = {**api.get(path, limit=1).body, **page}
    if json:
        write_json(found)
        return
    render_fields({name: value for name, value in found.items() if name not in page})
    show_page(page, ["id", "dealer", "outcome", "state", "cause", "case_id", "detail"], json=False)


def steer(action: str) -> Any:
    """The command that pauses, resumes or cancels."""

    def command(
        replay: ReplayId,
        reason: Annotated[
            str | None, typer.Option("--reason", "-r", metavar="TEXT", help="The reason, for the audit.")
        ] = None,
        data_dir: DataDir = DEFAULT_DATA_DIR,
        url: Url = None,
        token: Token = None,
        json: Json = False,
    ) -> None:
        steer_replay(replay, action, {"reason": reason} if reason else {}, data_dir, url, token, json=json)

    return command


for name, text in STEERS.items():
    replays.command(name, help=text)(steer(name))


def steer_replay(
    replay: str, action: str, body: dict[str, Any], data_dir: Path, url: str | None, token: str | None, *, json: bool
) -> None:
    """Pause, resume or cancel, and show the new state."""
    from casebridge.api import operator_api

    api = operator_api(data_dir, url, token)
    show(api.call("POST", f"/v1/replays/{replay}/{action}", body=body).body, json=json)


def watch(api: "Api", replay: dict[str, Any]) -> dict[str, Any]:
    """Show a replay's ID and its progress on stderr until it ends."""
    from casebridge.watching import watch as watch_job

    replay_id = replay["replay_id"]
    sys.stderr.write(f"replay {replay_id}\n")

    def look(now: "Api") -> dict[str, Any]:
        found: dict[str, Any] = now.get(f"/v1/replays/{replay_id}", limit=1).body
        return found

    return watch_job(api, replay, look, progress, f"casebridge queue replays show {replay_id}")


def progress(replay: dict[str, Any]) -> str:
    """Its progress, in one line."""
    line = f"{done(replay)} of {replay['counts']['documents']}"
    return f"{line}, waiting: {replay['held_up_by']}" if replay["held_up_by"] else line


def done(replay: dict[str, Any]) -> int:
    """How many documents it is done with."""
    counts: dict[str, int] = replay["counts"]
    return counts["documents"] - counts["remaining"]


def show(replay: dict[str, Any], *, json: bool) -> None:
    """Print a replay without its documents, or as JSON."""
    kept = (
        replay if json else {name: value for name, value in replay.items() if name not in {"items", "next", "has_more"}}
    )
    show_document(kept, json=json)

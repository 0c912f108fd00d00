"""`casebridge d365` and `casebridge restored`: what only a person can decide about delivery."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json, Reason, Token, Url
from casebridge.errors import UsageError
from casebridge.output import show_page, visible, write_json

if TYPE_CHECKING:
    from casebridge.api import Api

d365 = typer.Typer(name="d365", help="Check D365, and report changes to its environment.", no_args_is_help=True)
restores = typer.Typer(name="restores", help="List restores of D365 that were reported; watch one.")


@d365.callback()
def about() -> None:
    """The commands of a group have a place for what they share."""


@d365.command()
def adopt(
    reason: Reason, data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Let the database belong to the D365 environment in d365-sync's settings.

    Until then, d365-sync delivers nothing.
    """
    decide("adopt", "the database now belongs to this D365 environment", reason, data_dir, url, token, json=json)


@d365.command("restored")
def d365_restored(
    since: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="The time that D365 was restored to. Without an offset, it is in the zone of --zone, by default this "
            "computer's.",
        ),
    ],
    reason: Reason,
    dry_run: Annotated[bool, typer.Option(help="Change nothing, only show what would happen.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Report that D365 was restored to an earlier time. What it has lost since is delivered again, once.

    The look-ups run in the background: Ctrl-C ends only this command, and `restores show` watches them again. The exit
    code is 1 if any document could not be judged.
    """
    from casebridge.api import operator_api

    moment = local_time(since)
    sys.stderr.write(f"looking up in D365 what was delivered since {moment.isoformat(timespec='seconds')}\n")
    api = operator_api(data_dir, url, token)
    body = {"since": moment.isoformat(), "dry_run": dry_run, "reason": reason}
    end(watch(api, api.call("POST", "/v1/d365/restores", body=body).body), json=json)


def local_time(text: str) -> datetime:
    """The time that somebody typed, in this computer's zone if it names none. Raises UsageError."""
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        raise UsageError(f"--since {text!r} is not a time: write it like 2026-03-02T12:00:00+01:00") from None


def watch(api: "Api", restore: dict[str, Any]) -> dict[str, Any]:
    """Show its ID and its progress on stderr until it is completed."""
    from casebridge.watching import watch as watch_job

    restore_id = restore["restore_id"]
    sys.stderr.write(f"restore {restore_id}\n")

    def look(now: "Api") -> dict[str, Any]:
        found: dict[str, Any] = now.get(f"/v1/d365/restores/{restore_id}").body
        return found

    return watch_job(api, restore, look, progress, f"casebridge d365 restores show {restore_id}")


def progress(restore: dict[str, Any]) -> str:
    """Its progress, in one line."""
    counts = restore["counts"]
    line = f"{counts['documents'] - counts['remaining']} of {counts['documents']}"
    return f"{line}, waiting: {restore['held_up_by']}" if restore["held_up_by"] else line


def end(restore: dict[str, Any], *, json: bool) -> None:
    """Show its result; raises Exit with code 1 if any document could not be judged."""
    if json:
        write_json(restore)
    else:
        show(restore)
    if restore["state"] == "completed" and restore["counts"]["not_sure"]:
        raise typer.Exit(1)


@restores.callback(invoke_without_command=True)
def list_restores(
    context: typer.Context,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """List the newest restores of D365 that were reported, dry runs too; watch one."""
    from casebridge.api import operator_api

    if context.invoked_subcommand is not None:
        return
    page = operator_api(data_dir, url, token).get("/v1/d365/restores").body
    if not json:
        page["items"] = [{**item, **item["counts"]} for item in page["items"]]
    columns = [
        "restore_id",
        "state",
        "dry_run",
        "since",
        "documents",
        "remaining",
        "ordered_by",
        "ordered_at",
        "reason",
    ]
    show_page(page, columns, json=json)


@restores.command("show")
def show_restore(
    restore: Annotated[str, typer.Argument(metavar="RESTORE", help="The restore's ID, as `restored` prints it.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Watch a restore that was reported until it is completed, and show its result. Orders nothing.

    The exit code is 1 if any document could not be judged.
    """
    from casebridge.api import operator_api

    api = operator_api(data_dir, url, token)
    end(watch(api, api.get(f"/v1/d365/restores/{restore}").body), json=json)


def show(restore: dict[str, Any]) -> None:
    """Print its result."""
    counts = restore["counts"]
    queued = "would be delivered again" if restore["dry_run"] else "delivered again"
    print(f"there         {counts['there']}")
    print(f"queued        {counts['queued']}  ({queued})")
    print(f"not sure      {counts['not_sure']}")
    if counts["under_way"]:
        print(f"under way     {counts['under_way']}")
    for one in restore["unsure"]:
        print(f"  {one['document']}: {visible(one['why'])}")


@d365.command("read-again")
def read_again(
    reason: Reason, data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Let status-sync read every case of D365 again, because D365 hid some from it.

    The next poll starts from the beginning; it reads 1,000 cases in each request.
    """
    decide("read-again", "the next poll reads every case of D365", reason, data_dir, url, token, json=json)


def restored(
    reason: Reason, data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Report that Kafka's topics were created again: d365-sync then publishes the states of its documents again.

    It also looks up every open document in D365 before it sends it. After a restore of PostgreSQL this command recovers
    nothing: stop the services, and follow docs/runbooks/restore.md.
    """
    decide(
        "restored",
        "d365-sync publishes the states of its documents to Kafka again, and looks up every open document in D365 "
        "before it sends it\nIf PostgreSQL was restored, this recovers nothing: stop the services, and follow "
        "docs/runbooks/restore.md",
        reason,
        data_dir,
        url,
        token,
        json=json,
    )


def decide(
    action: str, effect: str, reason: str, data_dir: Path, url: str | None, token: str | None, *, json: bool
) -> None:
    """Send the order to d365-sync, and show the user its effect."""
    from casebridge.api import operator_api

    answer = operator_api(data_dir, url, token).call("POST", f"/v1/delivery/{action}", body={"reason": reason})
    if json:
        write_json(answer.body)
    else:
        print(effect)

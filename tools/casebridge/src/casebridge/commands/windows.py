"""`casebridge queue windows`: maintenance windows, during which nothing is sent to D365."""

from datetime import datetime
from typing import Annotated

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json, Reason, Token, Url
from casebridge.output import show_page

windows = typer.Typer(name="windows", help="List maintenance windows; plan or end one.", invoke_without_command=True)
COLUMNS = ["window_id", "state", "begins_at", "ends_at", "created_by", "reason"]
ZONE = "in the time zone of --zone, by default this computer's"
FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]


@windows.callback()
def list_windows(
    context: typer.Context,
    past: Annotated[bool, typer.Option("--past", help="Include windows that are over.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """List maintenance windows; plan or end one."""
    from casebridge.api import operator_api

    if context.invoked_subcommand is None:
        found = operator_api(data_dir, url, token).get("/v1/delivery/windows", past=past or None).body
        show_page(found, COLUMNS, json=json)


@windows.command()
def plan(
    until: Annotated[datetime, typer.Option(formats=FORMATS, help=f"The end of the window, {ZONE}.")],
    reason: Reason,
    begin: Annotated[
        datetime | None,
        typer.Option("--from", formats=FORMATS, help=f"The beginning of the window, {ZONE}. Default: now."),
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Plan a maintenance window, in which nothing is sent to D365. Delivery then resumes by itself."""
    from casebridge.api import operator_api

    times = {"begins_at": begin and begin.astimezone().isoformat(), "ends_at": until.astimezone().isoformat()}
    api = operator_api(data_dir, url, token)
    show_page(api.call("POST", "/v1/delivery/windows", body={**times, "reason": reason}).body, COLUMNS, json=json)


@windows.command()
def end(
    window: Annotated[str, typer.Argument(metavar="WINDOW", help="The window's ID, as the list shows it.")],
    reason: Reason,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """End an active maintenance window, or cancel a planned one."""
    from casebridge.api import operator_api

    api = operator_api(data_dir, url, token)
    show_page(api.call("DELETE", f"/v1/delivery/windows/{window}", reason=reason).body, COLUMNS, json=json)

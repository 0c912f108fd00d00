"""`casebridge d365` and `casebridge restored`: what only a person can decide about delivery."""

from pathlib import Path

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json, Reason, Token, Url
from casebridge.output import write_json

d365 = typer.Typer(name="d365", help="The D365 environment that the database belongs to.", no_args_is_help=True)


@d365.callback()
def about() -> None:
    """Keep `adopt` a command of its own although it is the only one."""


@d365.command()
def adopt(
    reason: Reason, data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """Let the database belong to the D365 environment that d365-sync is set to now; until then it delivers nothing."""
    decide("adopt", "the database belongs to this D365 environment now", reason, data_dir, url, token, json=json)


def restored(
    reason: Reason, data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False
) -> None:
    """After a restore of the database: make every open document look into D365 before it is sent."""
    decide(
        "restored",
        "every open document is looked up in D365 before it is sent",
        reason,
        data_dir,
        url,
        token,
        json=json,
    )


def decide(
    action: str, told: str, reason: str, data_dir: Path, url: str | None, token: str | None, *, json: bool
) -> None:
    """Tell d365-sync, and the user what follows."""
    from casebridge.api import operator_api

    answer = operator_api(data_dir, url, token).call("POST", f"/v1/delivery/{action}", body={"reason": reason})
    if json:
        write_json(answer.body)
    else:
        print(told)

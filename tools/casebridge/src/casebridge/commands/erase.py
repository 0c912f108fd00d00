"""`casebridge erase`: personal data, at once."""

import sys
from typing import Annotated

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json, Reason, Token, Url, Yes


def erase(
    dealer: Annotated[str, typer.Option(metavar="DEALER", help="The slug of the dealer whose cases to erase from.")],
    reason: Reason,
    web_case_id: Annotated[str | None, typer.Option("--web-case-id", metavar="ID", help="Only this case.")] = None,
    user: Annotated[str | None, typer.Option(help="Cases that this user (name or subject) wrote or submitted.")] = None,
    contact: Annotated[
        str | None, typer.Option(help="Cases with this contact (name, email address or phone number).")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Erase nothing, only list the cases.")] = False,
    yes: Yes = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Permanently erase contact, notes, description and all their copies from a dealer's cases.

    D365 keeps its own data. Without --yes, the command first counts the cases and asks.
    """
    from casebridge.api import operator_api
    from casebridge.errors import UsageError
    from casebridge.output import show_document

    whose = {"web_case_id": web_case_id, "user": user, "contact": contact}
    given = {name: value for name, value in whose.items() if value is not None}
    if len(given) != 1:
        raise UsageError("give exactly one of --web-case-id, --user and --contact")
    asks = not (yes or dry_run)
    if asks and not sys.stdin.isatty():
        raise UsageError("erase asks first, but there is no terminal to answer at: add --yes, or --dry-run")
    api = operator_api(data_dir, url, token)
    body = {"dealer": dealer, **given, "reason": reason}
    if asks:
        count = api.call("POST", "/v1/erasures", body={**body, "dry_run": True}).body["count"]
        typer.confirm(f"{count} cases of {dealer}. Erase their personal data permanently?", abort=True, err=True)
    answer = api.call("POST", "/v1/erasures", body={**body, "dry_run": dry_run}).body
    show_document(answer, json=json)

"""`casebridge queue flow | dealers | search-d365`: the pipeline at a glance, dealers, and their cases in D365."""

import sys
from typing import Annotated

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, Cursor, DataDir, Json, Limit, Token, Url
from casebridge.output import show_page, shown, write_json


def flow(data_dir: DataDir = DEFAULT_DATA_DIR, url: Url = None, token: Token = None, json: Json = False) -> None:
    """Show the whole flow at a glance: whether everything is well, and how much is in each stage."""
    from casebridge.api import operator_api

    found = operator_api(data_dir, url, token).get("/v1/flow").body
    if json:
        write_json(found)
        return
    print(f"{found['verdict']}, {shown(found['as_of'])}\n")
    show_page({"items": found["stages"], "has_more": False}, list(found["stages"][0]), json=False)
    if found["concerns"]:
        print()
        columns = ["verdict", "kind", "count", "since", "where", "detail"]
        show_page({"items": found["concerns"], "has_more": False}, columns, json=False)


def dealers(
    text: Annotated[
        str | None, typer.Option("--text", "-q", help="Only dealers with this text in slug, name or account.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only dealers with dead letters.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """List dealers, with their numbers of open and failed documents."""
    from casebridge.api import operator_api

    api = operator_api(data_dir, url, token)
    page = api.page("/v1/dealers", limit, cursor, q=text, failed="true" if failed else None)
    columns = ["dealer", "data_area_id", "customer_account", "active", "open", "failed", "seen_at", "name"]
    show_page(page, columns, json=json)


def search_d365(
    dealer: Annotated[str, typer.Option(help="The dealer whose cases to search.")],
    text: Annotated[str, typer.Option("--text", "-q", help="Text in the Case ID, Web Case ID or description.")] = "",
    data_dir: DataDir = DEFAULT_DATA_DIR,
    url: Url = None,
    token: Token = None,
    json: Json = False,
) -> None:
    """Search a dealer's cases in D365 for the one to link."""
    from casebridge.api import operator_api

    found = operator_api(data_dir, url, token).get("/v1/d365/cases", dealer=dealer, q=text).body
    columns = ["case_id", "web_case_id", "status", "category", "modified_at", "document", "description"]
    show_page(found if json else {**found, "has_more": False}, columns, json=json)
    if found["has_more"]:
        sys.stderr.write("more cases match: narrow the search\n")

"""`casebridge token`: a development token for calling the APIs by hand."""

import os
from pathlib import Path
from typing import Annotated

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json
from casebridge.errors import OperationFailed
from casebridge.oidc.keys import TokenSigner, load_key
from casebridge.oidc.users import DEALER_SCOPES, OPERATOR_SCOPES, USERS, User
from casebridge.output import write_json
from casebridge.state import find_last

CLIENT_ID = "casebridge"
DEFAULT_AUDIENCE = "casebridge"


def token(
    user: Annotated[str, typer.Option(metavar="U", help="Who the token is for.")],
    dealer: Annotated[list[str] | None, typer.Option(metavar="D", help="A dealer's slug; may be repeated.")] = None,
    scope: Annotated[str, typer.Option(metavar='"A B"', help="Scopes, separated by spaces.")] = "",
    minutes: Annotated[int, typer.Option(min=1, help="How long it is valid.")] = 60,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Print a token signed with the key of the development identity provider.

    With --dealer it may do what a dealer may (cases:*). Without, a ready-made user gets its own dealers and scopes, and
    anyone else gets no dealer and the scopes of an operator (documents:*, audit:read). --scope overrules both.
    """
    who = describe(user, tuple(dealer or ()))
    signed = mint(data_dir.resolve(), who, scope or " ".join(who.scopes), minutes)
    if json:
        write_json(
            {
                "access_token": signed,
                "token_type": "Bearer",
                "expires_in": minutes * 60,
                "scope": scope or " ".join(who.scopes),
            }
        )
    else:
        print(signed)


def describe(username: str, dealers: tuple[str, ...]) -> User:
    """The user that a token is for, by the rules that `casebridge token --help` tells."""
    if dealers:
        return User(username, "dealer", dealers, DEALER_SCOPES)
    return USERS.get(username) or User(username, "operator", (), OPERATOR_SCOPES)


def mint(data_dir: Path, user: User, scope: str, minutes: int) -> str:
    """Sign a token for this stack; raises OperationFailed where its provider never ran."""
    last = find_last(data_dir)
    issuer = os.environ.get("OIDC_ISSUER") or (last.issuer if last else None)
    try:
        key = load_key(data_dir / "oidc")
    except FileNotFoundError:
        issuer = None
    if issuer is None:
        raise OperationFailed(
            f"no identity provider ever ran on {data_dir}: start the stack with `make up`, or name its --data-dir"
        )
    signer = TokenSigner(key, issuer, os.environ.get("OIDC_AUDIENCE", DEFAULT_AUDIENCE))
    return signer.access_token(user, client_id=CLIENT_ID, scope=scope, lifetime_seconds=minutes * 60)

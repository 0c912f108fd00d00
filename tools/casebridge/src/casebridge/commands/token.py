"""`casebridge token`: a development token for calling the APIs by hand."""

from typing import Annotated

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json
from casebridge.output import write_json


def token(
    user: Annotated[str, typer.Option(metavar="U", help="The user that the token is for.")],
    dealer: Annotated[list[str] | None, typer.Option(metavar="D", help="A dealer's slug. Can be repeated.")] = None,
    scope: Annotated[str, typer.Option(metavar='"A B"', help="The scopes, separated by spaces.")] = "",
    minutes: Annotated[int, typer.Option(min=1, help="How long the token is valid.")] = 60,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Print a token signed with the key of the development identity provider.

    With --dealer, the token has a dealer's scopes (cases:*). Without it, a sample user gets its own dealers and scopes;
    all other users get no dealer and an operator's scopes (documents:*, audit:read). --scope overrides the scopes.
    """
    from casebridge.tokens import describe, mint

    who = describe(user, tuple(dealer or ()))
    scopes = scope or " ".join(who.scopes)
    signed = mint(data_dir.resolve(), who, scopes, minutes)
    if json:
        write_json({"access_token": signed, "token_type": "Bearer", "expires_in": minutes * 60, "scope": scopes})
    else:
        print(signed)

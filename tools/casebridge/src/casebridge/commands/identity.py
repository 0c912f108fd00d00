"""`casebridge identity`: what an administrator of the identity provider sets up, and how to see whether it is right."""

import asyncio
import os
import sys
from enum import StrEnum
from json import dumps
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json
from casebridge.errors import UsageError
from casebridge.output import log_warnings_to_stderr, step_lines, visible, write_json

if TYPE_CHECKING:
    from case_shared.web.token_steps import Explanation, TokenSettings

identity = typer.Typer(name="identity", help="Set up the identity provider, and check tokens.", no_args_is_help=True)


@identity.callback()
def about() -> None:
    """The commands of a group have a place for what they share."""


@identity.command()
def check(
    token: Annotated[
        str | None,
        typer.Option(
            "--token", metavar="TOKEN", help="The access token. Without it, or with -, the token is read from stdin."
        ),
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Explain step by step what a token may do and why, by the OIDC_… settings in the environment.

    Without OIDC_ISSUER, the local stack of --data-dir is meant. Exit code 0: the services accept the token; 1: they do
    not, or something is missing in it; 2: the provider does not answer.
    """
    from case_shared.process.settings import load_settings
    from case_shared.web.token_steps import TokenSettings
    from casebridge.state import find_last

    last = find_last(data_dir)
    if not os.environ.get("OIDC_ISSUER") and last and last.issuer:
        os.environ["OIDC_ISSUER"] = last.issuer
    settings = load_settings(TokenSettings)
    explanation = asyncio.run(explained(given(token), settings))
    if json:
        write_json(explanation.as_json())
    else:
        show(explanation)
    if not explanation.ok:
        raise typer.Exit(2 if explanation.unreachable else 1)


class DealersBy(StrEnum):
    """Where Keycloak keeps who acts for which dealer."""

    GROUPS = "groups"
    ATTRIBUTE = "attribute"


@identity.command()
def keycloak(
    portal_url: Annotated[
        list[str], typer.Option(metavar="URL", help="The portal's address, like PUBLIC_URL. Can be repeated.")
    ],
    dealer: Annotated[list[str] | None, typer.Option(metavar="D", help="A dealer's slug. Can be repeated.")] = None,
    dealers_by: Annotated[
        DealersBy, typer.Option(help="A group for each dealer, or an attribute of users.")
    ] = DealersBy.GROUPS,
    administrators: Annotated[
        bool, typer.Option("--administrators", help="Groups for the dealers' own administrators as well.")
    ] = False,
    realm: Annotated[str, typer.Option(metavar="NAME", help="The realm's name.")] = "casebridge",
    keycloak_url: Annotated[
        str, typer.Option(metavar="URL", help="The address of Keycloak, for --settings.")
    ] = "https://keycloak.example",
    settings: Annotated[
        bool, typer.Option("--settings", help="Print the services' settings for this realm instead.")
    ] = False,
) -> None:
    """Print a realm for Keycloak as JSON: the portal's client, the APIs' roles, and how dealers are assigned.

    It has no users and no secrets. Import it with `kc.sh import --file`, or in the console by "Create realm".
    """
    from casebridge import keycloak as made

    urls = tuple(origin(url) for url in portal_url)
    by_groups = dealers_by == DealersBy.GROUPS
    if administrators and not by_groups:
        raise UsageError("--administrators: a dealer's administrator needs the dealer as a group")
    wanted = made.Wanted(realm, urls, tuple(dealer or ()), by_groups, administrators)
    if settings:
        print("\n".join(f"{name}={value}" for name, value in made.settings(wanted, keycloak_url).items()))
    else:
        print(dumps(made.realm(wanted), indent=2, ensure_ascii=False))


def origin(url: str) -> str:
    """The address of a portal without anything behind it. Raises UsageError."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/") or parts.query:
        raise UsageError(f"--portal-url {url}: write scheme and host, and the port if it has one, as in PUBLIC_URL")
    return f"{parts.scheme}://{parts.netloc}"


def given(token: str | None) -> str:
    """The token, as it was typed or copied out of a header. Raises UsageError where there is none."""
    if token is None or token == "-":  # noqa: S105 - not a password, but where it comes from
        if sys.stdin.isatty():
            sys.stderr.write("Paste the access token, then press Enter and Ctrl-D.\n")
        token = sys.stdin.read()
    text = token.strip().removeprefix("Authorization:").strip()
    scheme, _, rest = text.partition(" ")
    text = rest.strip() if scheme.lower() == "bearer" else text
    if not text:
        raise UsageError("no token: give it with --token, or write it to stdin")
    return text


async def explained(token: str, settings: "TokenSettings") -> "Explanation":
    """What the services make of the token."""
    import aiohttp

    from case_shared.process.clock import SystemClock
    from case_shared.web.auth import TokenVerifier
    from case_shared.web.token_steps import explain

    log_warnings_to_stderr()
    async with aiohttp.ClientSession() as session:
        return await explain(token, settings, TokenVerifier(settings, session, SystemClock()))


def show(explanation: "Explanation") -> None:
    """Print a line a step, below it what to do, and at the end what the token may do."""
    for step in explanation.steps:
        print("\n".join(step_lines(step.state, step.id, step.message, step.remedy)))
    print()
    if explanation.principal is None:
        print("The services do not accept the token.")
        return
    who = visible(explanation.principal.username)
    print(f"{who} may {'; '.join(explanation.may)}." if explanation.may else f"{who} is known, but may do nothing.")

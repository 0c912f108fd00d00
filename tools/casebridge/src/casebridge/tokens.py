"""Development tokens, signed with the key of a stack's identity provider."""

import os
from pathlib import Path

from casebridge.errors import OperationFailed, UsageError
from casebridge.oidc.keys import TokenSigner, load_key
from casebridge.oidc.users import DEALER_SCOPES, OPERATOR_SCOPES, USERS, User
from casebridge.state import find_elsewhere, find_last

CLIENT_ID = "casebridge"
DEFAULT_AUDIENCE = "casebridge"


def describe(username: str, dealers: tuple[str, ...]) -> User:
    """The user of a token, by the rules in `casebridge token --help`."""
    if dealers:
        return User(username, "dealer", dealers, DEALER_SCOPES)
    return USERS.get(username) or User(username, "operator", (), OPERATOR_SCOPES)


def mint(data_dir: Path, user: User, scope: str, minutes: int) -> str:
    """Sign a token for this stack; raises OperationFailed if its provider never ran, UsageError if it has none."""
    last = find_last(data_dir)
    issuer = os.environ.get("OIDC_ISSUER") or (last.issuer if last else None)
    try:
        key = load_key(data_dir / "oidc")
    except FileNotFoundError:
        issuer = None
    if issuer is None and find_elsewhere():
        raise UsageError(
            "the stack in CASEBRIDGE_URLS has no development identity provider: set CASEBRIDGE_TOKEN (or --token) to "
            "an operator's access token"
        )
    if issuer is None:
        raise OperationFailed(
            f"{data_dir} has no identity provider yet: start the stack with `make up`, or name its folder with "
            "--data-dir"
        )
    signer = TokenSigner(key, issuer, os.environ.get("OIDC_AUDIENCE", DEFAULT_AUDIENCE))
    return signer.access_token(user, client_id=CLIENT_ID, scope=scope, lifetime_seconds=minutes * 60)

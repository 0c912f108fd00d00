import json
from pathlib import Path

import pytest
from joserfc import jwt

from case_shared.words.scopes import Scope
from casebridge.errors import OperationFailed
from casebridge.oidc.keys import ACCESS_TYPE, REFRESH_TYPE, TokenSigner, create_key, load_key
from casebridge.oidc.users import DEALER_SCOPES, OPERATOR_SCOPES, User
from casebridge.state import find_last, state_file, write_private
from casebridge.tokens import describe, mint


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    create_key(tmp_path / "oidc")
    state = {"pid": 1, "started": 0, "ready": True, "urls": {}, "issuer": "http://issuer", "processes": []}
    write_private(state_file(tmp_path), json.dumps({**state, "database_url": None, "kafka": None}))
    assert find_last(tmp_path)
    return tmp_path


def test_token_has_the_claims_that_the_services_read(stack: Path) -> None:
    user = describe("alice", ("usmf-us-001", "usmf-us-002"))
    token = jwt.decode(mint(stack, user, Scope.CASES_READ, 5), load_key(stack / "oidc"), algorithms=["RS256"])
    claims = token.claims
    assert claims["iss"] == "http://issuer"
    assert claims["aud"] == "casebridge"
    assert claims["sub"] == claims["preferred_username"] == "alice"
    assert claims["dealers"] == ["usmf-us-001", "usmf-us-002"]
    assert claims["scope"] == Scope.CASES_READ
    assert claims["exp"] - claims["iat"] == 300
    assert token.header["kid"] == load_key(stack / "oidc").kid


@pytest.mark.parametrize(
    ("username", "dealers", "expected"),
    [
        ("anyone", ("usmf-us-001",), User("anyone", "dealer", ("usmf-us-001",), DEALER_SCOPES)),
        ("anyone", (), User("anyone", "operator", (), OPERATOR_SCOPES)),
        ("theo", (), User("theo", "dealer of two dealers", ("usmf-us-001", "usmf-us-002"), DEALER_SCOPES)),
    ],
)
def test_who_a_token_is_for(username: str, dealers: tuple[str, ...], expected: User) -> None:
    assert describe(username, dealers) == expected


def test_without_a_provider_s_key_the_way_out_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OperationFailed, match="make up"):
        mint(tmp_path, describe("anyone", ()), Scope.CASES_READ, 5)


def test_refresh_token_is_no_access_token(stack: Path) -> None:
    signer = TokenSigner(load_key(stack / "oidc"), "http://issuer", "casebridge")
    user = describe("alice", ())
    refresh = signer.refresh_token(user, client_id="c", scope="openid", lifetime_seconds=60)
    assert signer.read(refresh, ACCESS_TYPE) is None
    assert signer.read(refresh, REFRESH_TYPE)


@pytest.mark.parametrize("broken", ["", "not a token", "a.b.c"])
def test_what_is_no_token_is_refused(stack: Path, broken: str) -> None:
    assert TokenSigner(load_key(stack / "oidc"), "http://issuer", "casebridge").read(broken, ACCESS_TYPE) is None


def test_expired_and_foreign_tokens_are_refused(stack: Path) -> None:
    key = load_key(stack / "oidc")
    ours, other = TokenSigner(key, "http://issuer", "casebridge"), TokenSigner(key, "http://other", "casebridge")
    user = describe("alice", ())
    expired = ours.access_token(user, client_id="c", scope="", lifetime_seconds=-1)
    foreign = other.access_token(user, client_id="c", scope="", lifetime_seconds=60)
    assert ours.read(expired, ACCESS_TYPE) is None
    assert ours.read(foreign, ACCESS_TYPE) is None


def test_key_survives_a_restart(tmp_path: Path) -> None:
    assert create_key(tmp_path).kid == create_key(tmp_path).kid

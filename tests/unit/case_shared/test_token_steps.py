"""Why a token may do what it may: each step names what is wrong, and the verdict is the services' own."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from case_shared.process.settings import OidcSettings
from case_shared.web.auth import TokenVerifier
from case_shared.web.token_steps import MEANINGS, Explanation, State, explain
from case_shared.words.scopes import Scope
from tests.support.clocks import HandClock
from tests.unit.case_shared.test_auth import Issuer, issuer

__all__ = ["issuer"]
ROLES: dict[str, Any] = {
    "oidc_scope_claim": "scope,realm_access.roles",
    "oidc_scope_map": {"dealer": "cases:read cases:submit"},
    "oidc_dealers_claim": "groups",
    "oidc_dealers_prefix": "/dealers/",
}


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as running:
        yield running


async def explained(
    issuer: Issuer, session: aiohttp.ClientSession, token: str, given: dict[str, Any] | None = None
) -> Explanation:
    settings = OidcSettings(**{"oidc_issuer": issuer.url, **(given or {})})
    return await explain(token, settings, TokenVerifier(settings, session, HandClock()))


def states(found: Explanation) -> dict[str, State]:
    return {step.id: step.state for step in found.steps}


async def test_a_good_token_is_explained(issuer: Issuer, session: aiohttp.ClientSession) -> None:
    found = await explained(issuer, session, issuer.token())
    assert found.ok
    assert set(states(found).values()) == {State.OK}
    assert list(states(found)) == [
        "form", "key", "signature", "issuer", "audience", "times", "subject", "username", "scopes", "dealers"
    ]  # fmt: skip
    assert found.may == ["see the cases of its dealers", "write and delete drafts for its dealers"]
    assert found.as_json()["caller"]["dealers"] == ["usmf-us-001"]


async def test_roles_and_groups_are_explained_by_the_settings(issuer: Issuer, session: aiohttp.ClientSession) -> None:
    claims: dict[str, Any] = {
        "realm_access": {"roles": ["dealer", "offline_access"]},
        "groups": ["/dealers/usmf-us-001", "/staff"],
    }
    found = await explained(issuer, session, issuer.token(scope="openid", dealers=None, **claims), ROLES)
    assert found.ok
    said = {step.id: step.message for step in found.steps}
    assert "realm_access.roles gives dealer (= cases:read cases:submit)." in said["scopes"]
    assert "offline_access, which Casebridge does not know" in said["scopes"]
    assert "groups gives 1: usmf-us-001." in said["dealers"]
    assert "Ignored because of OIDC_DEALERS_PREFIX /dealers/: /staff." in said["dealers"]


@pytest.mark.parametrize(
    ("claims", "step", "said"),
    [
        ({"iss": "http://elsewhere"}, "issuer", "but OIDC_ISSUER is"),
        ({"aud": "account"}, "audience", "OIDC_AUDIENCE is 'casebridge'"),
        # Parameters are created when tests are collected, perhaps an hour earlier.
        ({"exp": datetime.now(UTC) - timedelta(days=1)}, "times", "Get a new token"),
        ({"nbf": datetime.now(UTC) + timedelta(days=1)}, "times", "Get a new token"),
        ({"sub": None}, "subject", "set sub to"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_else(
    issuer: Issuer, session: aiohttp.ClientSession, claims: dict[str, Any], step: str, said: str
) -> None:
    found = await explained(issuer, session, issuer.token(**claims))
    failed = [one for one in found.steps if one.state == State.FAILED]
    assert [one.id for one in failed] == [step]
    assert said in (failed[0].remedy or "")
    assert not found.ok


async def test_a_changed_token_and_one_of_another_key_are_named(issuer: Issuer, session: aiohttp.ClientSession) -> None:
    head, body, _ = issuer.token().split(".")
    signature = issuer.token(sub="other").split(".")[2]
    forged = await explained(issuer, session, f"{head}.{body}.{signature}")
    assert states(forged)["signature"] == State.FAILED
    assert states(forged)["issuer"] == State.OK
    unknown = await explained(issuer, session, issuer.token("two"))
    assert states(unknown)["key"] == State.FAILED
    assert not unknown.unreachable


@pytest.mark.parametrize("text", ["opaque", "a.b.c", "x" * 30_000])
async def test_what_is_not_a_token_is_named(issuer: Issuer, session: aiohttp.ClientSession, text: str) -> None:
    found = await explained(issuer, session, text)
    assert states(found) == {"form": State.FAILED}


async def test_a_provider_that_does_not_answer_is_named(issuer: Issuer, session: aiohttp.ClientSession) -> None:
    token, issuer.away = issuer.token(), True
    found = await explained(issuer, session, token)
    assert found.unreachable
    assert states(found)["key"] == State.FAILED


async def test_missing_rights_are_warned_of(issuer: Issuer, session: aiohttp.ClientSession) -> None:
    none = await explained(issuer, session, issuer.token(scope=None))
    assert states(none)["scopes"] == State.WARNING
    nobody = await explained(issuer, session, issuer.token(dealers=[]))
    assert states(nobody)["dealers"] == State.WARNING
    operator = await explained(issuer, session, issuer.token(scope=Scope.DOCUMENTS_READ, dealers=[]))
    assert states(operator)["dealers"] == State.OK
    nameless = await explained(issuer, session, issuer.token(preferred_username=None))
    assert states(nameless)["username"] == State.WARNING
    assert nameless.ok


async def test_groups_that_entra_left_out_are_named(issuer: Issuer, session: aiohttp.ClientSession) -> None:
    token = issuer.token(dealers=None, _claim_names={"groups": "src1"})
    found = await explained(issuer, session, token, {"oidc_dealers_claim": "groups"})
    assert states(found)["dealers"] == State.FAILED
    assert not found.ok


def test_every_scope_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Scope)

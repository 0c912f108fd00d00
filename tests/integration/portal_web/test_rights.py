"""Rights that a provider grants as roles, not as scopes: the portal derives them like the APIs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiohttp import web
from fastapi import FastAPI
from structlog.testing import capture_logs

import casebridge.oidc.app
from case_shared.words.scopes import Scope
from casebridge.oidc.keys import TokenSigner
from casebridge.oidc.settings import OidcProviderSettings
from casebridge.oidc.users import User
from portal_web.domain.secret import Secret
from portal_web.settings import Settings
from tests.integration.case_api.conftest import Api
from tests.integration.portal_web.conftest import CASE_API, CASES, PORTAL, Browser, Portal, serving
from tests.integration.portal_web.test_sessions import age
from tests.support.processes import free_port

KEYCLOAK: dict[str, Any] = {
    "oidc_scope_claim": "scope,resource_access.casebridge.roles,realm_access.roles",
    "oidc_scope_map": {"dealer": "cases:read cases:write cases:submit", "operator": Scope.DOCUMENTS_READ},
    "oidc_scopes": "openid profile",
}
ENTRA: dict[str, Any] = {
    "oidc_scope_claim": "scp,roles",
    "oidc_scope_map": {"Cases.Write": "cases:read cases:write", "Operator": Scope.DOCUMENTS_READ},
    "oidc_dealers_claim": "extn.dealers",
    "oidc_username_claim": "upn,oid",
    "oidc_scopes": "openid profile",
}


class KeycloakSigner(TokenSigner):
    """Client roles for dealers, realm roles for operators."""

    def access_token(self, user: User, *, client_id: str, scope: str, lifetime_seconds: int) -> str:
        roles: dict[str, Any] = {"realm_access": {"roles": ["offline_access", "operator"]}}
        if user.dealers:
            roles = {"resource_access": {"casebridge": {"roles": ["dealer"]}}, "dealers": list(user.dealers)}
        claims = {"aud": self.audience, "preferred_username": user.username, **roles}
        return self.sign("JWT", user, client_id, "openid profile", lifetime_seconds, claims)


class EntraSigner(TokenSigner):
    """Scopes in `scp`, roles in `roles`, dealers in an extension attribute."""

    def access_token(self, user: User, *, client_id: str, scope: str, lifetime_seconds: int) -> str:
        words: dict[str, Any] = {"scp": "Cases.Write", "extn.dealers": list(user.dealers)}
        if not user.dealers:
            words = {"roles": ["Operator"]}
        claims = {"aud": self.audience, "upn": f"{user.username}@contoso.example", **words}
        return self.sign("JWT", user, client_id, "openid profile", lifetime_seconds, claims)


@asynccontextmanager
async def portal_of(
    signer: type[TokenSigner], given: dict[str, Any], api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Portal]:
    """A portal that trusts a provider with this signer."""
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    monkeypatch.setattr(casebridge.oidc.app, "TokenSigner", signer)
    provider = casebridge.oidc.app.create_app(OidcProviderSettings(oidc_issuer=issuer, oidc_data_dir=folder))
    runner = web.AppRunner(provider)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    settings = Settings(
        database_url=api.database.url("portal_web"), oidc_issuer=issuer, public_url=PORTAL, case_api_url=CASE_API,
        d365_sync_url="http://d365-sync", **given,
    )  # fmt: skip
    service: FastAPI = api.client._transport.app  # type: ignore[attr-defined]
    try:
        async with serving(settings, api.database, CASE_API, service) as running:
            yield running
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("signer", "given"), [(KeycloakSigner, KEYCLOAK), (EntraSigner, ENTRA)])
async def test_roles_open_the_portal_as_they_open_the_apis(
    signer: type[TokenSigner], given: dict[str, Any], api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with portal_of(signer, given, api, tmp_path, monkeypatch) as portal:
        async with portal.browser() as dana:
            arrived = await dana.sign_in("dana")
            assert "No dealer is assigned" not in arrived.text
            assert str(arrived.url).endswith(CASES)
            assert "Create Case" in arrived.text
            await age(portal, dana)
            assert (await dana.get(CASES)).status_code == 200, "after a renewal, too"
            assert (await dana.get("/console")).status_code == 403
        async with portal.browser() as olga:
            sent = await olga.http.get("/sign-in", params={"to": "/preferences"})
            page = await olga.at_provider(sent, "olga")
            assert 'href="/console"' in page.text
            assert (await olga.http.get("/")).headers["location"] == "/console"


async def test_pages_show_the_name_that_the_apis_record(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entra's ID tokens need not have the claim that its access tokens have."""
    async with portal_of(EntraSigner, ENTRA, api, tmp_path, monkeypatch) as portal, portal.browser() as dana:
        page = await dana.sign_in("dana", "/preferences")
        assert "dana@contoso.example" in page.text


GROUPS: dict[str, Any] = {"oidc_dealers_claim": "groups", "oidc_dealers_prefix": "/dealers/"}


class GroupsSigner(TokenSigner):
    """Groups by their paths: `theo`'s are left out as by Entra ID, `olga`'s are too many for any request."""

    def access_token(self, user: User, *, client_id: str, scope: str, lifetime_seconds: int) -> str:
        number = 2000 if user.username == "olga" else 700
        groups: dict[str, Any] = {"groups": [f"/dealers/usmf-us-{one:03}" for one in range(1, number + 1)]}
        if user.username == "theo":
            groups = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph"}}}
        claims = {"aud": self.audience, "preferred_username": user.username, **groups}
        return self.sign("JWT", user, client_id, "cases:read cases:write cases:submit", lifetime_seconds, claims)


async def test_a_user_with_700_dealers_as_groups_works(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with portal_of(GroupsSigner, GROUPS, api, tmp_path, monkeypatch) as portal, portal.browser() as dana:
        assert str((await dana.sign_in("dana", CASES)).url).endswith(CASES)
        assert await dana.draft(description="one of 700")
        assert sum(map(len, dana.http.cookies.values())) < 4096, "browsers keep 4 KiB"


async def test_groups_that_entra_left_out_are_named(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with portal_of(GroupsSigner, GROUPS, api, tmp_path, monkeypatch) as portal, portal.browser() as theo:
        with capture_logs() as logs:
            page = await theo.sign_in("theo")
            assert "You are in too many groups" in page.text
            assert (await theo.get(CASES)).status_code == 404
            secret = Secret(theo.http.cookies["casebridge-session-8080"])
            token = (await portal.context.sessions.find(secret)).tokens.access_token
            answer = await portal.api.handle_async_request(
                httpx2.Request("GET", f"{CASE_API}/v1/dealers", headers={"Authorization": f"Bearer {token}"})
            )
            await answer.aread()
        assert answer.status_code == 403
        assert "left the claim groups out" in answer.json()["detail"]
        assert "dealers_left_out_of_token" in {line["event"] for line in logs}


async def test_a_token_that_no_request_can_carry_is_refused_with_the_remedy(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with portal_of(GroupsSigner, GROUPS, api, tmp_path, monkeypatch) as portal, portal.browser() as olga:
        page = await olga.sign_in("olga")
        assert page.status_code == 400
        assert "fewer dealers or groups" in page.text


async def test_who_may_only_read_sees_drafts_and_no_form(api: Api, issuer: str, dana: Browser) -> None:
    case = await dana.draft(description="leaks")
    settings = Settings(
        database_url=api.database.url("portal_web"), oidc_issuer=issuer, public_url=PORTAL, case_api_url=CASE_API,
        oidc_scopes="openid offline_access cases:read",
    )  # fmt: skip
    service: FastAPI = api.client._transport.app  # type: ignore[attr-defined]
    async with serving(settings, api.database, CASE_API, service) as portal, portal.browser() as reader:
        page = await reader.sign_in("dana", CASES)
        assert f'href="{CASES}/{case}"' in page.text
        assert f"{CASES}/{case}/edit" not in page.text
        view = await reader.get(f"{CASES}/{case}/edit")
        assert str(view.url).endswith(f"{CASES}/{case}")
        assert (view.status_code, "leaks" in view.text, "<textarea" in view.text) == (200, True, False)
        assert (await reader.get(f"{CASES}/new")).status_code == 403
